"""Compares what transformers and open_clip make of models that `diptych models convert` wrote with what Diptych makes of them.

Usage: written_models.py DIPTYCH-BINARY WORK-DIRECTORY
Converts the demo model and, at full size with seeded random weights, an open_clip ViT-B-32 and a Hugging Face Chinese-CLIP, into each
layout and number format. Prints the worst 1 - cosine of each tower, on the pixels and ids that Diptych computed, and fails beyond
1e-6.
"""
import json
import pathlib
import shutil
import subprocess
import sys

import numpy as np
import torch

import zoo

TEXTS = ["a big red star in the snow", "two small blue circles", "一只猫在雪地里"]


def run(diptych, *arguments):
    return subprocess.run([diptych, *map(str, arguments)], check=True, capture_output=True, text=True).stdout


def transformers_features(folder, pixels, ids):
    from transformers import AutoModel
    model = AutoModel.from_pretrained(folder, dtype=torch.float32).eval()
    with torch.no_grad():
        return (model.get_image_features(pixel_values=pixels).pooler_output,
                torch.cat([model.get_text_features(input_ids=i).pooler_output for i in ids]))


def open_clip_features(folder, pixels, ids):
    from open_clip.model import CLIP
    from safetensors.torch import load_file
    configuration = json.loads((folder / "open_clip_config.json").read_text())["model_cfg"]
    model = CLIP(**configuration)
    model.load_state_dict(load_file(folder / "open_clip_model.safetensors"))
    model.float().eval()
    length = configuration["text_cfg"]["context_length"]
    padded = torch.cat([torch.nn.functional.pad(i, (0, length - i.shape[1])) for i in ids])
    with torch.no_grad():
        return model.encode_image(pixels), model.encode_text(padded)


def worst(actual, expected):
    a, b = actual.astype(np.float64), expected.double().numpy()
    return float((1 - (a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)).max())


def compare(diptych, name, source, layouts, work, pictures):
    failed = False
    for layout in layouts:
        for dtype in ("fp32", "fp16", "bf16"):
            written = work / "written"
            shutil.rmtree(written, ignore_errors=True)
            run(diptych, "models", "convert", source, "--output", written, "--layout", layout, "--dtype", dtype)
            ids = [torch.tensor([json.loads(run(diptych, "tokenize", "--model", written, t))["ids"]])
                   for t in TEXTS]
            pixels = []
            for picture in pictures:
                run(diptych, "preprocess", "--model", written, picture, "--output", work / "pixels.npy")
                pixels.append(torch.from_numpy(np.load(work / "pixels.npy")))
            for option, inputs in (("image", pictures), ("text", TEXTS)):
                run(diptych, "embed", "--model", written, "--quiet", "--output", work / f"{option}.npy",
                    *[a for i in inputs for a in (f"--{option}", i)])
            features = (transformers_features if layout == "huggingface" else open_clip_features)(
                written, torch.cat(pixels), ids)
            losses = [worst(np.load(work / f"{kind}.npy"), f) for kind, f in zip(("image", "text"), features)]
            bad = not max(losses) <= 1e-6
            failed |= bad
            print(f"| {name} | {layout} | {dtype} | {losses[0]:.1e} | {losses[1]:.1e} |" + (" TOO FAR" if bad else ""), flush=True)
    return failed


def main():
    diptych, work = sys.argv[1], pathlib.Path(sys.argv[2])
    work.mkdir(parents=True, exist_ok=True)
    run(diptych, "pictures", "--count", "3", "--seed", "5", "--output", work / "pictures", "--quiet")
    pictures = sorted((work / "pictures").glob("*.jpg"))[:3]
    print("| model | written as | weights | images | texts |\n| --- | --- | --- | --- | --- |")
    failed = compare(diptych, "demo", "demo", ("huggingface", "open_clip"), work, pictures)
    for name, layouts in (("open_clip ViT-B-32", ("huggingface", "open_clip")),
                          ("Hugging Face Chinese-CLIP ViT-B/16", ("huggingface",))):
        folder = work / "model"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        torch.manual_seed(0)
        path = zoo.MODELS[name](folder).path
        failed |= compare(diptych, name, path, layouts, work, pictures)
    sys.exit(1 if failed else 0)


main()
