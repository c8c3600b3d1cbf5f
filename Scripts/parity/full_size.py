"""Compares `diptych embed` with the original projects at full size, end to end: picture files and texts to embeddings.

Usage: full_size.py DIPTYCH-BINARY WORK-DIRECTORY [REPORT.md] [--only PART-OF-A-NAME]
Prints a table of the worst 1 - cosine of each model, kind and precision, and the cosine of the two most similar pictures and texts,
puts it between the marks of the report if one is
given, and fails beyond 1e-5 in fp32 and 2e-3 in bf16 (5e-3 for residual networks). Models are made, compared and deleted one
after the other: 4 GB of disk are enough.
"""
import argparse
import gc
import json
import pathlib
import shutil
import subprocess
import sys
import time

import numpy as np
import torch

import zoo

TEXTS = ["a big red star in the snow", "两个蓝色的小圆在黄色方块上面", "A PHOTO of 3 cats & dogs!! don't", "☕️👩‍👩‍👧 emoji",
         "naïve café “quoted” ＦＵＬＬ width", "word " * 200]
START, END = "<!-- make parity: start -->", "<!-- make parity: end -->"


def worst(actual, expected):
    actual, expected = actual.astype(np.float64), expected.astype(np.float64)
    assert actual.shape == expected.shape, (actual.shape, expected.shape)
    norms = np.linalg.norm(actual, axis=1) * np.linalg.norm(expected, axis=1)
    return float((1 - (actual * expected).sum(1) / norms).max())


def largest_cosine(features):
    """Of different inputs: random networks tend to one vector for all, on which agreement would prove nothing."""
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    return float((unit @ unit.T - 2 * np.eye(len(unit))).max())


def compare(name, make, diptych, work, files, texts):
    folder = work / "model"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    torch.manual_seed(0)
    reference = make(folder)
    with torch.no_grad():
        expected = {"--image": torch.cat([reference.pictures(f) for f in files]).double().numpy()}
        if reference.texts:
            expected["--text"] = torch.cat([reference.texts(t) for t in texts]).double().numpy()
    cosines = [largest_cosine(e) for e in expected.values()]
    path, layout, limit16, options = reference.path, reference.layout, reference.bf16, reference.options
    del reference
    gc.collect()
    # A hundred times as far apart as agreement in fp32 has to be close.
    cells, failed = [], max(cosines) > 0.999
    for precision, limit in (("fp32", 1e-5), ("bf16", limit16)):
        for option, inputs in (("--image", files), ("--text", texts)):
            if option not in expected:
                cells.append("–")
                continue
            output = work / "actual.npy"
            arguments = [a for i in inputs for a in (option, i)]
            subprocess.run([diptych, "embed", "--model", path, "--precision", precision, "--quiet", "--output", output,
                            *options, *arguments], check=True)
            loss = worst(np.load(output), expected[option])
            failed |= not loss <= limit
            cells.append(f"{loss:.1e}" + ("" if loss <= limit else " TOO FAR"))
    shutil.rmtree(folder, ignore_errors=True)
    return failed, f"| {name} | {layout} | " + " | ".join(cells) + f" | {' / '.join(f'{c:.3f}' for c in cosines)} |"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("diptych")
    parser.add_argument("work", type=pathlib.Path)
    parser.add_argument("report", type=pathlib.Path, nargs="?")
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    pictures = options.work / "pictures"
    if not (pictures / "captions.jsonl").exists():
        subprocess.run([options.diptych, "pictures", "--count", "6", "--seed", "77", "--output", pictures, "--quiet"],
                       check=True)
    files = sorted(str(p) for p in pictures.glob("*.jpg"))[:6]
    captions = [json.loads(line) for line in (pictures / "captions.jsonl").read_text().splitlines()][:6]
    texts = TEXTS + [c["caption_en"] for c in captions] + [c["caption_zh"] for c in captions]
    lines = ["| model | layout | pictures fp32 | texts fp32 | pictures bf16 | texts bf16 | nearest inputs |",
             "| --- | --- | --- | --- | --- | --- | --- |"]
    print("\n".join(lines), flush=True)
    failed = False
    for name, make in zoo.MODELS.items():
        if options.only.lower() not in name.lower():
            continue
        start = time.monotonic()
        bad, line = compare(name, make, options.diptych, options.work, files, texts)
        failed |= bad
        lines.append(line)
        print(line, flush=True)
        print(f"  {time.monotonic() - start:.0f} s", file=sys.stderr, flush=True)
    if options.report and not options.only and not failed:
        report = options.report.read_text()
        before, after = report.index(START) + len(START), report.index(END)
        options.report.write_text(report[:before] + "\n" + "\n".join(lines) + "\n" + report[after:])
    sys.exit(1 if failed else 0)


main()
