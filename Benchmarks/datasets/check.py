#!/usr/bin/env python3
"""dataset check of images, beside what decoding and embedding the same images takes, in turn in one run.

Usage: check.py DIPTYCH WORK-DIRECTORY [IMAGES] [ROUNDS]
"""
import base64
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import time


def make(diptych, folder, count):
    """Drawn images as Chinese-CLIP's files, each with a caption."""
    images = folder / "images"
    subprocess.run([diptych, "pictures", "--count", str(count), "--seed", "9", "--output", images, "--quiet"], check=True)
    data = folder / "data"
    data.mkdir()
    with open(data / "train_imgs.tsv", "wb") as tsv, open(data / "train_texts.jsonl", "w", encoding="utf-8") as texts:
        for id, line in enumerate((images / "captions.jsonl").read_text(encoding="utf-8").splitlines()):
            entry = json.loads(line)
            tsv.write(b"%d\t%s\n" % (id, base64.b64encode((images / entry["file"]).read_bytes())))
            text = {"text_id": id, "text": f"{entry['caption_zh']} {id}", "image_ids": [id]}
            texts.write(json.dumps(text, ensure_ascii=False) + "\n")
    return images, data


def timed(command, statuses=(0, 3)):
    """Seconds of wall clock, and of all processors."""
    os.sync()
    start, before = time.perf_counter(), os.times()
    result = subprocess.run([str(part) for part in command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    assert result.returncode in statuses, command
    after = os.times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return time.perf_counter() - start, used


def main():
    diptych, work = os.path.abspath(sys.argv[1]), pathlib.Path(sys.argv[2]) / "check"
    count, rounds = int((sys.argv[3:4] or [20000])[0]), int((sys.argv[4:5] or [3])[0])
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    images, data = make(diptych, work, count)
    model = os.environ.get("DIPTYCH_BENCH_MODEL", "demo")
    decoding = [sys.executable, __file__, "--decode", images]
    contenders = {
        "decode (Pillow, all processors)": decoding,
        "check": [diptych, "dataset", "check", data, "--quiet"],
        "check, no near duplicates": [diptych, "dataset", "check", data, "--quiet", "--near-duplicates", "0"],
        "embed": [diptych, "embed", "--image", images, "--model", model, "--output", work / "e.npy", "--quiet"],
        "check with near duplicates": [diptych, "dataset", "check", data, "--model", model, "--quiet"],
    }
    times = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, command in contenders.items():
            times[name].append(timed(command))
    middle = {name: tuple(statistics.median(column) for column in zip(*values)) for name, values in times.items()}
    print(f"{count} images, model {model}, median of {rounds} runs in turn")
    print("| | seconds | processor seconds | images/s |\n| --- | --- | --- | --- |")
    for name, (wall, used) in middle.items():
        print(f"| {name} | {wall:.2f} | {used:.2f} | {count / wall:.0f} |")
    check, embed = middle["check"][0], middle["embed"][0]
    print(f"check / decode: {check / middle['decode (Pillow, all processors)'][0]:.2f}")
    print(f"check with near duplicates / embed: {middle['check with near duplicates'][0] / embed:.2f}")


def decode(folder):
    """Decodes every image on all processors, and does nothing else."""
    import multiprocessing

    paths = sorted(str(path) for path in pathlib.Path(folder).glob("*.jpg"))
    with multiprocessing.Pool() as pool:
        pool.map(pixels, paths, chunksize=64)


def pixels(path):
    from PIL import Image

    with Image.open(path) as image:
        image.convert("RGB").load()


if __name__ == "__main__":
    decode(sys.argv[2]) if sys.argv[1] == "--decode" else main()
