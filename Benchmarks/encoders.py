"""Speed, start-up and memory of Diptych beside transformers and ONNX Runtime, in one run.

Usage: encoders.py DIPTYCH-BINARY WORK-DIRECTORY REPORT.md
Every round runs each contestant once, so that a change of the machine's speed meets all of them; figures are medians
over rounds of the median of a few passes in each. The run is refused when outputs disagree.
"""
import os
import pathlib
import statistics
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "Scripts/parity"))

import numpy as np
import onnxruntime
import torch
import transformers
from PIL import Image
from transformers import CLIPModel
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

import models
from measure import THREADS, cosine_loss, embed, peak_memory, profile, typical, wall_time
from peers import ImageTower, export, export_int8, processor_name

ROUNDS = int(os.environ.get("DIPTYCH_ROUNDS", "7"))
BATCHES = (32, 16, 1)
LIMITS = {"fp32": 1e-5, "bf16": 2e-3, "int8": 2e-3}  # the largest 1 - cosine to transformers in fp32


def main():
    diptych, work, report = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    torch.set_num_threads(THREADS)
    folder = models.make("vit-b-32", work)
    pictures = work / "pictures"
    if not (pictures / "captions.jsonl").exists():
        subprocess.run([diptych, "pictures", "--count", "24", "--seed", "77", "--output", pictures, "--quiet"], check=True)
    files = [str(p) for p in sorted(pictures.glob("*.jpg"))][:16]
    processor = CLIPImageProcessorPil.from_pretrained(folder)
    pixels = torch.cat([processor(images=Image.open(f), return_tensors="pt")["pixel_values"] for f in files])

    fp32 = ImageTower(CLIPModel.from_pretrained(folder, dtype=torch.float32, attn_implementation="sdpa").eval())
    bf16 = ImageTower(CLIPModel.from_pretrained(folder, dtype=torch.bfloat16, attn_implementation="sdpa").eval())
    session = export(fp32, pixels, work / "vit-b-32.onnx")
    bytes = export_int8(work / "vit-b-32.onnx", work / "vit-b-32-int8.onnx")
    arrays, half = pixels.numpy(), pixels.bfloat16()

    lines = []

    def say(text=""):
        print(text, flush=True)
        lines.append(text)

    with torch.inference_mode():
        reference = fp32(pixels).numpy()
        losses = {
            "ONNX Runtime fp32": cosine_loss(session.run(None, {"pixels": arrays})[0], reference),
            "ONNX Runtime int8": cosine_loss(bytes.run(None, {"pixels": arrays})[0], reference),
            "transformers bf16": cosine_loss(bf16(half).float().numpy(), reference),
            **{f"Diptych {p}": cosine_loss(embed(diptych, folder, p, files, work), reference) for p in LIMITS},
        }
        for name, loss in losses.items():
            limit = LIMITS[name.split()[-1]]
            if not loss <= limit:
                sys.exit(f"benchmark refused: {name} disagrees with transformers fp32, 1 - cosine {loss:.2e} > {limit:.0e}")

        contestants = {}
        for batch in BATCHES:
            some = torch.cat([pixels, pixels])[:batch]
            array, narrow = some.numpy(), some.bfloat16()
            contestants |= {
                (batch, "transformers fp32"): lambda some=some: fp32(some),
                (batch, "transformers bf16"): lambda some=narrow: bf16(some),
                (batch, "ONNX Runtime fp32"): lambda some=array: session.run(None, {"pixels": some}),
                (batch, "ONNX Runtime int8"): lambda some=array: bytes.run(None, {"pixels": some}),
            }
        rates, limits, shares = {}, {}, {}
        for _ in range(ROUNDS):
            for key, call in contestants.items():
                rates.setdefault(key, []).append(key[0] / typical(call))
            for precision in LIMITS:
                for batch in BATCHES:
                    result = profile(diptych, folder, precision, batch)
                    key = (batch, f"Diptych {precision}")
                    rates.setdefault(key, []).append(result["pictures_per_second"])
                    limits.setdefault(precision, []).append(result["limit_flops_per_second"])
                    shares.setdefault(key, []).append(result["share_of_limit"])

    median = {key: statistics.median(values) for key, values in rates.items()}
    swift = subprocess.run(["swift", "--version"], capture_output=True, text=True).stdout.splitlines()
    say("# Benchmarks")
    say()
    say("What `make bench` printed. Contestants run in turn in one run, on the same weights (seeded random) and the same 16")
    say(f"pictures, with {THREADS} threads; figures are medians of {ROUNDS} rounds. The run is refused when outputs disagree.")
    say()
    say(f"- Processor: {processor_name()}, {os.cpu_count()} cores visible")
    say(f"- Versions: {swift[0] if swift else 'Swift'}; PyTorch {torch.__version__}, transformers {transformers.__version__},"
        f" ONNX Runtime {onnxruntime.__version__}")
    for precision, values in limits.items():
        say(f"- Limit in {precision}: {statistics.median(values) / 1e9:.0f} GFLOP/s, the best 2048 x 2048 matrix product that"
            " `diptych profile` measured")
    say()
    say("## ViT-B/32 image tower")
    say()
    say("Pictures a second, pixels to embeddings. Share: of the measured limit, by the operations that Diptych runs. ONNX Runtime's int8")
    say("is its dynamic quantisation of matrix products by tensors, which was faster than by channels; all its optimisations are on.")
    peers = ("transformers fp32", "transformers bf16", "ONNX Runtime fp32", "ONNX Runtime int8")
    for batch in BATCHES:
        say()
        say(f"| batch {batch} | pictures/s | " + " | ".join(f"to {peer}" for peer in peers) + " | share of limit | 1 - cosine |")
        say("| --- | --- | --- | --- | --- | --- | --- | --- |")
        for name in (*peers, *(f"Diptych {precision}" for precision in LIMITS)):
            rate = median[(batch, name)]
            ratios = [rate / median[(batch, peer)] for peer in peers]
            share = f"{statistics.median(shares[(batch, name)]):.0%}" if (batch, name) in shares else ""
            loss = f"{losses[name]:.1e}" if name in losses else "0 (reference)"
            say(f"| {name} | {rate:.1f} | " + " | ".join(f"{r:.2f}" for r in ratios) + f" | {share} | {loss} |")

    weights = (folder / "model.safetensors").stat().st_size
    say()
    say("## Start-up and memory")
    say()
    start = [wall_time([diptych, "embed", "--model", folder, "--quiet", "--text", "a photo of a cat"]) for _ in range(11)]
    script = ("import sys, torch; from transformers import AutoTokenizer, CLIPModel; m = CLIPModel.from_pretrained(sys.argv[1]);"
              "t = AutoTokenizer.from_pretrained(sys.argv[1]); print(m.get_text_features(**t('a photo of a cat', return_tensors='pt')))")
    peer = [wall_time([sys.executable, "-c", script, folder]) for _ in range(3)]
    say(f"- `diptych embed --text`, ViT-B/32 in fp32 ({weights / 1e6:.0f} MB of weights), process start to result, warm page cache:"
        f" {statistics.median(start):.2f} s (median of 11); the same in transformers: {statistics.median(peer):.1f} s"
        f" ({statistics.median(peer) / statistics.median(start):.0f} times as long)")
    for precision, width in (("fp32", 1), ("bf16", 2), ("int8", 4)):
        both = [a for f in files for a in ("--image", f)] + ["--text", "a photo of a cat"]
        peak = peak_memory([diptych, "embed", "--model", folder, "--precision", precision, "--quiet", *both])
        own = weights / width
        say(f"- Peak resident memory of `diptych embed` with both towers in {precision}, 16 pictures and a text: {peak / 1e6:.0f} MB,"
            f" {peak / own:.2f} times the weights at that precision")
    report.write_text("\n".join(lines) + "\n")


main()
