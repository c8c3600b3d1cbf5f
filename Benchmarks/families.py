"""Larger and other transformers: ViT-L/14@336 and Chinese-CLIP ViT-B/16 beside their projects' code and ONNX Runtime.

Usage: families.py DIPTYCH-BINARY WORK-DIRECTORY REPORT.md
Appends to the report. As in encoders.py contestants take turns in every round, and outputs that disagree end the run.
"""
import os
import pathlib
import statistics
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "Scripts/parity"))

import torch
import zoo
from PIL import Image
from transformers import AutoModel
from transformers.models.chinese_clip.image_processing_pil_chinese_clip import ChineseCLIPImageProcessorPil
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

import models
from measure import THREADS, cosine_loss, embed, profile, typical
from peers import ImageTower, export

ROUNDS = int(os.environ.get("DIPTYCH_ROUNDS", "7"))


def chinese(work):
    folder = work / "chinese-vit-b-16"
    if not (folder / "complete").exists():
        folder.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(0)
        zoo.MODELS["Hugging Face Chinese-CLIP ViT-B/16"](folder)
        (folder / "complete").write_text("")
    return folder


def measure(diptych, work, folder, processor, batch, files, say):
    pixels = torch.cat([processor(images=Image.open(f), return_tensors="pt")["pixel_values"] for f in files])
    tower = ImageTower(AutoModel.from_pretrained(folder, dtype=torch.float32, attn_implementation="sdpa").eval())
    session = export(tower, pixels, work / f"{folder.name}.onnx")
    arrays = pixels.numpy()
    with torch.inference_mode():
        reference = tower(pixels).numpy()
        losses = {"ONNX Runtime fp32": (cosine_loss(session.run(None, {"pixels": arrays})[0], reference), 1e-5)}
        for precision, limit in (("fp32", 1e-5), ("bf16", 2e-3), ("int8", 2e-3)):
            losses[f"Diptych {precision}"] = (
                cosine_loss(embed(diptych, folder, precision, files, work), reference), limit)
        for name, (loss, limit) in losses.items():
            if not loss <= limit:
                sys.exit(f"benchmark refused: {name} disagrees with transformers fp32, 1 - cosine {loss:.2e} > {limit:.0e}")
        rates, shares = {}, {}
        for _ in range(ROUNDS):
            rates.setdefault("transformers fp32", []).append(batch / typical(lambda: tower(pixels), passes=2))
            rates.setdefault("ONNX Runtime fp32", []).append(
                batch / typical(lambda: session.run(None, {"pixels": arrays}), passes=2))
            for precision in ("fp32", "bf16", "int8"):
                result = profile(diptych, folder, precision, batch)
                rates.setdefault(f"Diptych {precision}", []).append(result["pictures_per_second"])
                shares.setdefault(f"Diptych {precision}", []).append(result["share_of_limit"])
    median = {name: statistics.median(values) for name, values in rates.items()}
    say("| | pictures/s | to transformers fp32 | to ONNX Runtime fp32 | share of limit | 1 - cosine |")
    say("| --- | --- | --- | --- | --- | --- |")
    for name, rate in median.items():
        share = f"{statistics.median(shares[name]):.0%}" if name in shares else ""
        loss = f"{losses[name][0]:.1e}" if name in losses else "0 (reference)"
        say(f"| {name} | {rate:.2f} | {rate / median['transformers fp32']:.2f} | {rate / median['ONNX Runtime fp32']:.2f} |"
            f" {share} | {loss} |")


def main():
    diptych, work, report = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    torch.set_num_threads(THREADS)
    pictures = sorted((work / "pictures").glob("*.jpg"))
    lines = []

    def say(text=""):
        print(text, flush=True)
        lines.append(text)

    say()
    say("## ViT-L/14@336 and Chinese-CLIP ViT-B/16 image towers")
    say()
    say("Pictures a second, pixels to embeddings, beside transformers and ONNX Runtime on the same seeded random weights.")
    say()
    say("ViT-L/14@336, batches of 4:")
    say()
    folder = models.make("vit-l-14-336", work)
    measure(diptych, work, folder, CLIPImageProcessorPil.from_pretrained(folder), 4, [str(p) for p in pictures[:4]], say)
    say()
    say("Chinese-CLIP ViT-B/16, batches of 16:")
    say()
    folder = chinese(work)
    measure(diptych, work, folder, ChineseCLIPImageProcessorPil.from_pretrained(folder), 16,
            [str(p) for p in pictures[:16]], say)
    report.write_text(report.read_text().rstrip("\n") + "\n" + "\n".join(lines) + "\n")


main()
