"""Checks exported ONNX files with onnx's checker and runs them with ONNX Runtime beside the original projects.

Usage: onnx_export.py DIPTYCH-BINARY WORK-DIRECTORY FIXTURE-FILES [REPORT.md] [--only PART-OF-A-NAME]
FIXTURE-FILES holds what the test FamilyExportTests wrote of every family's small fixture. Full-size models with seeded random
weights are made, exported and deleted one after the other. Every file is checked with full shape inference and run at batch 1
and 7, or 7 alone where the batch is fixed. Prints a table of the worst 1 - cosine to the original project's features, fails
beyond 1e-5 in fp32 and 1e-3 in fp16 (to those and to `diptych embed`), and puts the table between the marks of the report.
"""
import argparse
import gc
import itertools
import json
import pathlib
import shutil
import subprocess
import sys

import numpy as np
import onnx
import onnxruntime
import torch
from safetensors.numpy import load_file

import zoo

ROOT = pathlib.Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "Tests/DiptychModelsTests/Fixtures"
LIMITS = {"fp32": 1e-5, "fp16": 1e-3}
FULL_SIZE = ["Hugging Face CLIP ViT-B/32", "OpenAI RN50", "Chinese-CLIP ViT-B-16", "SigLIP 2 base patch16-224"]
TEXTS = ["a big red star in the snow", "两个蓝色的小圆在黄色方块上面", "a photo of 3 cats & dogs!! don't", "naïve café", "x",
         "word " * 200, "夜空中的星星"]
NAMES = {"img": "image", "txt": "text"}
START, END = "<!-- make parity-onnx: start -->", "<!-- make parity-onnx: end -->"


def worst(actual, expected):
    actual, expected = actual.astype(np.float64), expected.astype(np.float64)
    assert actual.shape == expected.shape, (actual.shape, expected.shape)
    norms = np.linalg.norm(actual, axis=1) * np.linalg.norm(expected, axis=1)
    loss = float((1 - (actual * expected).sum(1) / norms).max())
    return loss if np.isfinite(loss) else float("inf")


def loss_of(path, inputs, expectations, batch):
    """The worst loss at a batch, over all inputs; the last batch is filled up from the start."""
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (declared,), (output,) = session.get_inputs(), session.get_outputs()
    assert list(inputs.shape[1:]) == declared.shape[1:], (inputs.shape, declared.shape)
    rows = list(itertools.islice(itertools.cycle(range(len(inputs))), -(-len(inputs) // batch) * batch))
    features = [session.run([output.name], {declared.name: inputs[rows[i:i + batch]]})[0] for i in range(0, len(rows), batch)]
    features = np.concatenate(features)
    return max(worst(features, expected[rows]) for expected in expectations)


def check(files, inputs, expectations):
    """The cells of a table's row: fp32 then fp16; free batch at 1 and 7, fixed batch at 7."""
    cells, failed = [], False
    for precision, limit in LIMITS.items():
        for kind, batches in (("dynamic", (1, 7)), ("fixed", (7,))):
            path = files[kind, precision]
            onnx.checker.check_model(str(path), full_check=True)
            for batch in batches:
                loss = loss_of(path, inputs, expectations, batch)
                failed |= not loss <= limit
                cells.append(f"{loss:.1e}" + ("" if loss <= limit else " TOO FAR"))
    return failed, cells


def small(folder, exported):
    """A family's fixture and the files that the test wrote of it."""
    expected = load_file(folder / "expected.safetensors")
    texts = json.loads((folder / "texts.json").read_text())
    for tower, features in (("img", "image_features"), ("txt", "text_features")):
        files = {(kind, precision): exported / f"{folder.name}.{kind}.{tower}.{precision}.onnx"
                 for kind in ("dynamic", "fixed") for precision in LIMITS}
        if tower == "img":
            inputs = expected["pixels"]
        else:
            shape = onnx.load(files["dynamic", "fp32"], load_external_data=False).graph.input[0].type.tensor_type.shape
            length = shape.dim[1].dim_value
            inputs = np.array([row + [0] * (length - len(row)) for row in texts], dtype=np.int64)
        failed, cells = check(files, inputs, [expected[features]])
        yield failed, f"| {folder.name} (small) | {NAMES[tower]} | " + " | ".join(cells) + " |"


def full_size(name, diptych, work, pictures):
    folder = work / "model"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    torch.manual_seed(0)
    reference = zoo.MODELS[name](folder)
    with torch.no_grad():
        expected = {"img": torch.cat([reference.pictures(p) for p in pictures]).numpy(),
                    "txt": torch.cat([reference.texts(t) for t in TEXTS]).numpy()}
    model = ["--model", reference.path, "--quiet"]
    del reference
    gc.collect()
    exports = work / "exports"
    shutil.rmtree(exports, ignore_errors=True)
    exports.mkdir()
    for kind, fixed in (("dynamic", []), ("fixed", ["--fixed-batch", "7"])):
        for precision in ([], ["--fp16"]):
            subprocess.run([diptych, "export", "onnx", "--output", exports / kind, *fixed, *precision, *model], check=True,
                           stdout=subprocess.DEVNULL)
    facts = {p.key: p.value for p in onnx.load(exports / "dynamic.txt.fp32.onnx", load_external_data=False).metadata_props}
    pixels, ids = [], []
    for picture in pictures:
        subprocess.run([diptych, "preprocess", picture, "--output", work / "pixels.npy", *model], check=True)
        pixels.append(np.load(work / "pixels.npy"))
    for text in TEXTS:
        line = subprocess.run([diptych, "tokenize", text, *model], check=True, capture_output=True).stdout
        row = json.loads(line)["ids"]
        ids.append(row + [int(facts["pad_id"])] * (int(facts["context_length"]) - len(row)))
    inputs = {"img": np.concatenate(pixels), "txt": np.array(ids, dtype=np.int64)}
    for tower, option, values in (("img", "--image", pictures), ("txt", "--text", TEXTS)):
        arguments = [a for v in values for a in (option, v)]
        subprocess.run([diptych, "embed", "--output", work / "own.npy", *model, *arguments], check=True)
        files = {(kind, precision): exports / f"{kind}.{tower}.{precision}.onnx"
                 for kind in ("dynamic", "fixed") for precision in LIMITS}
        failed, cells = check(files, inputs[tower], [expected[tower], np.load(work / "own.npy")])
        yield failed, f"| {name} | {NAMES[tower]} | " + " | ".join(cells) + " |"
    subprocess.run([diptych, "export", "onnx", "--normalize", "--output", exports / "unit", *model], check=True,
                   stdout=subprocess.DEVNULL)
    for tower, own in NAMES.items():
        path = exports / f"unit.{tower}.fp32.onnx"
        onnx.checker.check_model(str(path), full_check=True)
        features = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"]).run(
            [f"{own}_features"], {own: inputs[tower]})[0]
        assert np.abs(np.linalg.norm(features, axis=1) - 1).max() < 1e-5, f"{path} does not give vectors of length 1"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.rmtree(exports, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("diptych")
    parser.add_argument("work", type=pathlib.Path)
    parser.add_argument("exported", type=pathlib.Path)
    parser.add_argument("report", type=pathlib.Path, nargs="?")
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    pictures = options.work / "pictures"
    if len(list(pictures.glob("*.jpg"))) < 7:
        shutil.rmtree(pictures, ignore_errors=True)
        subprocess.run([options.diptych, "pictures", "--count", "7", "--seed", "77", "--output", pictures, "--quiet"],
                       check=True)
    files = sorted(str(p) for p in pictures.glob("*.jpg"))[:7]
    lines = ["| model | tower | fp32, 1 | fp32, 7 | fp32, fixed 7 | fp16, 1 | fp16, 7 | fp16, fixed 7 |",
             "| --- | --- | --- | --- | --- | --- | --- | --- |"]
    print("\n".join(lines), flush=True)
    folders = [FIXTURES / "quickgelu-legacy-end", FIXTURES / "gelu-first-end", *sorted((FIXTURES / "families").iterdir())]
    runs = [(f.name, small(f, options.exported)) for f in folders]
    runs += [(n, full_size(n, options.diptych, options.work, files)) for n in FULL_SIZE]
    failed = False
    for name, rows in runs:
        if options.only.lower() not in name.lower():
            continue
        for bad, line in rows:
            failed |= bad
            lines.append(line)
            print(line, flush=True)
    if options.report and not options.only and not failed:
        report = options.report.read_text()
        before, after = report.index(START) + len(START), report.index(END)
        options.report.write_text(report[:before] + "\n" + "\n".join(lines) + "\n" + report[after:])
    sys.exit(1 if failed else 0)


main()
