"""Resident memory of `diptych index` while it works on many pictures.

Usage: memory.py DIPTYCH-BINARY WORK-DIRECTORY [REPORT.md] [--count N] [--model DIRECTORY] [--precision P]
Appends to the report where one is named. Pictures are copies of small JPEG files with a comment of their own, so that each is a
content of its own and costs little to decode. Memory is sampled at each twentieth of the way. The run is refused when the
peak is above the bound, or memory grows after the first two fifths, when the writer's cache is full, by more than a tenth of the peak.
"""
import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "Scripts/parity"))

import models
from measure import THREADS

BOUND = 700e6
GROWTH = 0.1


def distinct_pictures(diptych, folder, count):
    """`count` JPEG files, a thousand a folder: a hundred pictures, each with comments that differ."""
    if (folder / "complete").exists():
        return folder
    drawn = folder.with_name(folder.name + "-drawn")
    subprocess.run([diptych, "pictures", "--count", "100", "--seed", "5", "--output", drawn, "--quiet"], check=True)
    sources = [p.read_bytes() for p in sorted(drawn.glob("*.jpg"))]
    for number in range(count):
        place = folder / f"{number // 1000:04}"
        if number % 1000 == 0:
            place.mkdir(parents=True, exist_ok=True)
        comment = f"picture {number}".encode()
        source = sources[number % len(sources)]
        # A comment segment (marker FE) right after the start of the image.
        (place / f"{number:07}.jpg").write_bytes(source[:2] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment + source[2:])
    shutil.rmtree(drawn)
    (folder / "complete").write_text("")
    return folder


def memory(pid):
    """Resident bytes now and at the peak."""
    fields = dict(line.split(":", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines())
    return [int(fields[name].split()[0]) * 1024 for name in ("VmRSS", "VmHWM")]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("diptych")
    parser.add_argument("work", type=pathlib.Path)
    parser.add_argument("report", nargs="?", type=pathlib.Path)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--model", default="", help="a model's directory, or demo; ViT-B/32 with random weights otherwise")
    parser.add_argument("--precision", default="bf16")
    options = parser.parse_args()
    model = models.DEMO if options.model == "demo" else options.model or models.make("vit-b-32", options.work)
    folder = distinct_pictures(options.diptych, options.work / f"distinct-{options.count}", options.count)
    store = options.work / "memory-store"
    shutil.rmtree(store, ignore_errors=True)
    process = subprocess.Popen(
        [str(a) for a in [options.diptych, "index", folder, "--store", store, "--model", model, "--precision", options.precision,
                          "--threads", THREADS, "--list", "--quiet"]], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    samples, done, started = [], 0, time.perf_counter()
    for _ in process.stdout:
        done += 1
        if done * 20 // options.count > len(samples):
            samples.append(memory(process.pid))
            print(f"{done} pictures, {time.perf_counter() - started:.0f} s: {samples[-1][0] / 1e6:.0f} MB,"
                  f" peak {samples[-1][1] / 1e6:.0f} MB", file=sys.stderr, flush=True)
    process.wait()
    if process.returncode != 0 or done != options.count:
        sys.exit(f"benchmark refused: {done} of {options.count} pictures were indexed, exit status {process.returncode}")
    resident, peak = [now for now, _ in samples], samples[-1][1]
    early, late = max(resident[:8]), max(resident[8:])
    name = "the demo model" if model == models.DEMO else "ViT-B/32" if not options.model else pathlib.Path(options.model).name
    line = (f"- Resident memory of `diptych index` over {options.count} pictures with {name} in {options.precision}: at most {early / 1e6:.0f} MB"
            f" over the first two fifths of them, {late / 1e6:.0f} MB later, peak {peak / 1e6:.0f} MB ({options.count / (time.perf_counter() - started):.0f} pictures/s)")
    print(line)
    if peak > BOUND or late - early > GROWTH * peak:
        sys.exit(f"benchmark refused: the bounds are {BOUND / 1e6:.0f} MB and a growth of {GROWTH:.0%}")
    shutil.rmtree(store)
    if options.report:
        with open(options.report, "a") as report:
            report.write("\n## Memory while indexing\n\n" + line + "\n")


if __name__ == "__main__":
    main()
