"""The torch engine beside the built-in one: images a second of ViT-B/32, in one run.

Usage: engines.py DIPTYCH-BINARY WORK-DIRECTORY REPORT.md
Every round runs each contestant once. Figures are medians over rounds of the median pass of `diptych profile`. The run is refused
when outputs disagree.
"""
import json
import os
import pathlib
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "Scripts/parity"))

import numpy as np

import models
from measure import PASSES, THREADS, cosine_loss

ROUNDS = int(os.environ.get("DIPTYCH_ROUNDS", "7"))
BATCH = 16
LIMITS = {"fp32": 1e-5, "bf16": 2e-3}


def command(diptych, name, folder, precision, engine, *rest):
    return [diptych, name, "--model", folder, "--precision", precision, "--engine", engine, "--threads", str(THREADS),
            "--quiet", *rest]


def main():
    diptych, work, report = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    os.environ["DIPTYCH_TORCH"] = subprocess.run(
        [ROOT / "Scripts/torch"], check=True, capture_output=True, text=True).stdout.strip()
    folder = models.make("vit-b-32", work)
    pictures = work / "pictures"
    if not (pictures / "captions.jsonl").exists():
        subprocess.run([diptych, "pictures", "--count", "24", "--seed", "77", "--output", pictures, "--quiet"], check=True)
    names = work / "engines.txt"
    names.write_text("".join(f"{p}\n" for p in sorted(pictures.glob("*.jpg"))[:BATCH]))

    def features(engine, precision):
        output = work / "engines.npy"
        subprocess.run(
            command(diptych, "embed", folder, precision, engine, "--input", names, "--output", output), check=True)
        return np.load(output)

    exact = features("cpu", "fp32")
    lines = ["## Engines", ""]
    losses = {p: cosine_loss(features("torch", p), exact) for p in LIMITS}
    for precision, loss in losses.items():
        if not loss <= LIMITS[precision]:
            sys.exit(f"benchmark refused: torch {precision} disagrees, 1 - cosine {loss:.2e} > {LIMITS[precision]:.0e}")

    seconds = {}
    for _ in range(ROUNDS):
        for precision in LIMITS:
            for engine in ("cpu", "torch"):
                output = subprocess.run(
                    command(diptych, "profile", folder, precision, engine, "--batch", str(BATCH), "--repeat", str(PASSES),
                            "--format", "json"), check=True, capture_output=True).stdout
                seconds.setdefault((precision, engine), []).append(json.loads(output)["total_seconds"])
    lines += [f"ViT-B/32, batches of {BATCH}, {THREADS} threads, {ROUNDS} rounds, images a second:", "",
              "| precision | built in | torch | ratio | 1 - cosine of torch to the built-in engine in fp32 |", "| --- | --- | --- | --- | --- |"]
    for precision in LIMITS:
        own, torch = (BATCH / statistics.median(seconds[precision, e]) for e in ("cpu", "torch"))
        lines.append(f"| {precision} | {own:.1f} | {torch:.1f} | {own / torch:.2f} | {losses[precision]:.1e} |")
    print("\n".join(lines))
    report.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
