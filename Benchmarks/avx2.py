"""The image tower of ViT-B/32 on AVX2. Started by Benchmarks/avx2, which sets the limits.

Usage: avx2.py DIPTYCH-BINARY WORK-DIRECTORY REPORT.md
As in encoders.py contestants take turns in every round, and outputs that disagree end the run.
"""
import os
import pathlib
import statistics
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "Scripts/parity"))

import onnxruntime
import torch
import transformers
from PIL import Image
from transformers import CLIPModel
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

import models
from measure import THREADS, cosine_loss, embed, profile, typical
from peers import ImageTower, export, processor_name

ROUNDS = int(os.environ.get("DIPTYCH_ROUNDS", "7"))


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
    tower = ImageTower(CLIPModel.from_pretrained(folder, dtype=torch.float32, attn_implementation="sdpa").eval())
    session = export(tower, pixels, work / "vit-b-32.onnx")
    arrays = pixels.numpy()
    lines = []

    def say(text=""):
        print(text, flush=True)
        lines.append(text)

    rates, limits, shares, losses = {}, [], {}, {}
    with torch.inference_mode():
        reference = tower(pixels).numpy()
        losses["ONNX Runtime fp32, not limited"] = cosine_loss(session.run(None, {"pixels": arrays})[0], reference)
        losses["Diptych fp32"] = cosine_loss(embed(diptych, folder, "fp32", files, work), reference)
        for name, loss in losses.items():
            if not loss <= 1e-5:
                sys.exit(f"benchmark refused: {name} disagrees with transformers fp32, 1 - cosine {loss:.2e} > 1e-05")
        for _ in range(ROUNDS):
            for batch in (16, 1):
                rates.setdefault((batch, "transformers fp32"), []).append(batch / typical(lambda: tower(pixels[:batch])))
                rates.setdefault((batch, "ONNX Runtime fp32, not limited"), []).append(
                    batch / typical(lambda: session.run(None, {"pixels": arrays[:batch]})))
                result = profile(diptych, folder, "fp32", batch)
                if result["instructions"] != "avx2":
                    sys.exit(f"benchmark refused: Diptych ran with {result['instructions']}, not avx2")
                rates.setdefault((batch, "Diptych fp32"), []).append(result["pictures_per_second"])
                shares.setdefault(batch, []).append(result["share_of_limit"])
                limits.append(result["limit_flops_per_second"])
    median = {key: statistics.median(values) for key, values in rates.items()}
    say("# Benchmarks on AVX2")
    say()
    say("What `Benchmarks/avx2` printed: the image tower of ViT-B/32 as a processor without AVX-512 would run it. Diptych is held to")
    say("AVX2 by `DIPTYCH_ISA`, PyTorch by `ONEDNN_MAX_CPU_ISA`, `MKL_ENABLE_INSTRUCTIONS` and `ATEN_CPU_CAPABILITY`; ONNX Runtime")
    say("has no such switch and uses what the processor has. Such processors do not multiply bfloat16, so all is in fp32.")
    say(f"Contestants run in turn in one run, on the same weights and pictures, with {THREADS} threads; medians of {ROUNDS} rounds.")
    say()
    say(f"- Processor: {processor_name()}, {os.cpu_count()} cores visible")
    say(f"- Versions: PyTorch {torch.__version__}, transformers {transformers.__version__}, ONNX Runtime {onnxruntime.__version__}")
    say(f"- Limit: {statistics.median(limits) / 1e9:.0f} GFLOP/s, the best 2048 x 2048 matrix product that `diptych profile` measured")
    for batch in (16, 1):
        say()
        say(f"| batch {batch} | pictures/s | to transformers | to ONNX Runtime | share of limit | 1 - cosine |")
        say("| --- | --- | --- | --- | --- | --- |")
        for (of, name), rate in median.items():
            if of == batch:
                share = f"{statistics.median(shares[batch]):.0%}" if name.startswith("Diptych") else ""
                loss = f"{losses[name]:.1e}" if name in losses else "0 (reference)"
                say(f"| {name} | {rate:.1f} | {rate / median[(batch, 'transformers fp32')]:.2f} |"
                    f" {rate / median[(batch, 'ONNX Runtime fp32, not limited')]:.2f} | {share} | {loss} |")
    report.write_text("\n".join(lines) + "\n")


main()
