#!/usr/bin/env python3
"""LMDB from Chinese-CLIP's files of 20,000 small images: Diptych, Chinese-CLIP's own script, and a plain copy of the files with as
many syncs as Diptych makes, in turn in one run.

Usage: lmdb.py DIPTYCH WORK-DIRECTORY [IMAGES] [ROUNDS]
"""
import base64
import json
import os
import pathlib
import random
import shutil
import statistics
import subprocess
import sys
import time


def make(folder, count):
    """Images of 4 to 24 KiB, as product images of 224 pixels have; two texts each."""
    folder.mkdir(parents=True)
    random.seed(20)
    with open(folder / "train_imgs.tsv", "wb") as images, open(folder / "train_texts.jsonl", "w", encoding="utf-8") as texts:
        for id in range(count):
            images.write(b"%d\t%s\n" % (id * 37, base64.b64encode(random.randbytes(random.randint(4096, 24576)))))
            for text in range(2):
                line = {"text_id": 2 * id + text, "text": f"红色连衣裙，夏季新款 {id}", "image_ids": [id * 37]}
                texts.write(json.dumps(line, ensure_ascii=False) + "\n")


def copy(data, output):
    """The files read and written, each synced once, as each of the two environments is."""
    output.mkdir(parents=True)
    for name in ("train_imgs.tsv", "train_texts.jsonl"):
        with open(data / name, "rb") as source, open(output / name, "wb") as target:
            while block := source.read(1 << 20):
                target.write(block)
            target.flush()
            os.fsync(target.fileno())


def main():
    diptych, work = sys.argv[1], pathlib.Path(sys.argv[2]) / "lmdb"
    count, rounds = int((sys.argv[3:4] or [20000])[0]), int((sys.argv[4:5] or [5])[0])
    shutil.rmtree(work, ignore_errors=True)
    data = work / "data"
    make(data, count)
    size = sum((data / name).stat().st_size for name in ("train_imgs.tsv", "train_texts.jsonl"))
    script = [sys.executable, "-m", "cn_clip.preprocess.build_lmdb_dataset", "--data_dir", data, "--splits", "train", "--lmdb_dir"]
    ours = [diptych, "dataset", "convert", "--quiet", "--to", "lmdb", "--data-dir", data, "--splits", "train", "--lmdb-dir"]
    contenders = {
        "copy": lambda output: copy(data, output),
        "diptych": lambda output: subprocess.run([*map(str, ours), str(output)], check=True),
        "cn_clip": lambda output: subprocess.run([*map(str, script), str(output)], check=True, capture_output=True),
    }
    times = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, run in contenders.items():
            output = work / name
            shutil.rmtree(output, ignore_errors=True)
            os.sync()
            start = time.perf_counter()
            run(output)
            times[name].append(time.perf_counter() - start)
    sizes = {
        name: sum(file.stat().st_blocks * 512 for file in (work / name).rglob("*") if file.is_file()) for name in contenders}
    middle = {name: statistics.median(values) for name, values in times.items()}
    print(f"{count} images, {size >> 20} MiB of files, median of {rounds} runs in turn")
    print("| | seconds | images/s | × copy | MiB on the disk |\n| --- | --- | --- | --- | --- |")
    for name, seconds in middle.items():
        print(f"| {name} | {seconds:.2f} | {count / seconds:.0f} | {middle['copy'] / seconds:.2f} | {sizes[name] >> 20} |")
    print(f"diptych / cn_clip: {middle['cn_clip'] / middle['diptych']:.2f} ×")


main()
