"""A residual network, and models in the form of OpenAI's TorchScript archives: speed, loading and memory.

Usage: archives.py DIPTYCH-BINARY WORK-DIRECTORY REPORT.md
Appends to the report. As in encoders.py contestants take turns in every round, and outputs that disagree end the run.
"""
import os
import pathlib
import statistics
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "Scripts/parity"))

import numpy as np
import onnxruntime
import torch
import zoo
from open_clip.transform import image_transform
from PIL import Image

from measure import THREADS, cosine_loss, embed, peak_memory, profile, typical, wall_time

ROUNDS = int(os.environ.get("DIPTYCH_ROUNDS", "7"))


def make(name, folder):
    """Writes the archive of `name` into `folder`, and gives it and the image tower of the project's own code."""
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    reference = zoo.MODELS[name](folder)
    return reference.path, reference.model


def main():
    diptych, work, report = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    torch.set_num_threads(THREADS)
    files = [str(p) for p in sorted((work / "pictures").glob("*.jpg"))][:16]
    lines = []

    def say(text=""):
        print(text, flush=True)
        lines.append(text)

    path, model = make("OpenAI RN50", work / "rn50")
    transform = image_transform(224, is_train=False)
    pixels = torch.stack([transform(Image.open(f)) for f in files])
    exported = work / "rn50" / "rn50.onnx"
    torch.onnx.export(model.visual, (pixels,), str(exported), input_names=["pixels"], output_names=["features"],
                      dynamic_axes={"pixels": {0: "batch"}, "features": {0: "batch"}}, opset_version=17, dynamo=False)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = THREADS
    session = onnxruntime.InferenceSession(str(exported), options, providers=["CPUExecutionProvider"])
    arrays = pixels.numpy()
    with torch.inference_mode():
        reference = model.encode_image(pixels).numpy()
        losses = {"ONNX Runtime fp32": (cosine_loss(session.run(None, {"pixels": arrays})[0], reference), 1e-5)}
        for precision, limit in (("fp32", 1e-5), ("bf16", 5e-3)):
            losses[f"Diptych {precision}"] = (
                cosine_loss(embed(diptych, path, precision, files, work), reference), limit)
        for name, (loss, limit) in losses.items():
            if not loss <= limit:
                sys.exit(f"benchmark refused: {name} disagrees with open_clip fp32, 1 - cosine {loss:.2e} > {limit:.0e}")
        rates, shares = {}, {}
        for _ in range(ROUNDS):
            rates.setdefault("PyTorch fp32", []).append(16 / typical(lambda: model.encode_image(pixels)))
            rates.setdefault("ONNX Runtime fp32", []).append(16 / typical(lambda: session.run(None, {"pixels": arrays})))
            for precision in ("fp32", "bf16"):
                result = profile(diptych, path, precision, 16)
                rates.setdefault(f"Diptych {precision}", []).append(result["pictures_per_second"])
                shares.setdefault(f"Diptych {precision}", []).append(result["share_of_limit"])
    median = {name: statistics.median(values) for name, values in rates.items()}
    say()
    say("## OpenAI RN50 image tower")
    say()
    say("Pictures a second in batches of 16, pixels to embeddings, from a TorchScript archive with weights in fp16; the peers run")
    say("open_clip's model of the same weights in fp32. The share is by the operations of direct convolutions, of which Winograd's transform")
    say("leaves out most in fp32: it may pass 100 %.")
    say()
    say("| | pictures/s | to PyTorch fp32 | to ONNX Runtime fp32 | share of limit | 1 - cosine |")
    say("| --- | --- | --- | --- | --- | --- |")
    for name, rate in median.items():
        share = f"{statistics.median(shares[name]):.0%}" if name in shares else ""
        loss = f"{losses[name][0]:.1e}" if name in losses else "0 (reference)"
        say(f"| {name} | {rate:.1f} | {rate / median['PyTorch fp32']:.2f} | {rate / median['ONNX Runtime fp32']:.2f} |"
            f" {share} | {loss} |")
    del model, session

    say()
    say("## Archives: loading and memory")
    say()
    say("From the start of the process to the first embedding, warm page cache, medians of 7; and the peak resident memory of")
    say("`diptych embed` with both towers in bf16, as a share of the file.")
    say()
    say("| archive | size | first picture fp32 | bf16 | first text fp32 | bf16 | memory in bf16 | share of the file |")
    say("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for name, folder in (("OpenAI RN50x16", "rn50x16"), ("OpenAI ViT-L/14", "vit-l-14")):
        path, _ = make(name, work / folder)
        size = path.stat().st_size
        cells = []
        for kind, value in (("--image", files[0]), ("--text", "a photo of a cat")):
            for precision in ("fp32", "bf16"):
                arguments = [diptych, "embed", "--model", path, "--precision", precision, "--quiet", kind, value]
                cells.append(f"{statistics.median(wall_time(arguments) for _ in range(7)):.2f} s")
        peak = peak_memory([diptych, "embed", "--model", path, "--precision", "bf16", "--quiet", "--image", files[0],
                            "--text", "a photo of a cat"])
        say(f"| {name} | {size / 1e6:.0f} MB | " + " | ".join(cells) + f" | {peak / 1e6:.0f} MB | {peak / size:.2f} |")
    report.write_text(report.read_text().rstrip("\n") + "\n" + "\n".join(lines) + "\n")


main()
