"""Decoding and preprocessing of a 12-megapixel JPEG file beside Pillow, and what fast decoding changes in embeddings.

Usage: decoding.py DIPTYCH-BINARY WORK-DIRECTORY [REPORT.md]
Appends to the report where one is named. Everything runs on one thread. Figures are processor time, which other work on the
machine disturbs less than the clock; contestants take turns, and medians are reported. Diptych's is that of `diptych
preprocess`, which reads the file, decodes, resizes, crops, normalises and writes the pixels, less that of the same command on
a picture of 224 x 224, for the start of the process. Pillow reads the file, decodes, resizes and crops in a running process.
The run is refused when pixels disagree or fast decoding moves an embedding by more than the limit.
"""
import os
import pathlib
import statistics
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "Scripts/parity"))

import numpy as np
import torch
from PIL import Image, ImageDraw
from transformers import CLIPModel
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

import models
from measure import cosine_loss
from photographs import photograph

ROUNDS = int(os.environ.get("DIPTYCH_ROUNDS", "15"))
MARGINS = (1, 1.5, 2, 3, 4)
LIMIT = 5e-3
KINDS = ("rings", "noise", "boards", "print")
SIDE = 224


def photographs(folder):
    """Ten photographs from 0.6 to 12 megapixels, from clean to noisy; the first three are timed."""
    folder.mkdir(parents=True, exist_ok=True)
    kinds = [(4000, 3000, 2, 90), (4000, 3000, 7, 90), (3000, 4001, 20, 95), (2592, 1944, 4, 85), (1920, 1080, 3, 75),
             (1080, 1921, 12, 90), (2048, 1365, 30, 70), (1600, 1199, 1, 95), (1024, 683, 6, 85), (903, 677, 15, 60)]
    files = []
    for seed, (width, height, noise, quality) in enumerate(kinds):
        file = folder / f"{seed}-{width}x{height}-noise{noise}-q{quality}.jpg"
        if not file.exists():
            photograph(width, height, noise, seed).save(file, quality=quality, subsampling="4:2:0")
        files.append(file)
    return files


def patterns(folder):
    """What no photograph is: rings that get finer, pure noise, boards of a few pixels, and pages of small print."""
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for seed, (width, height) in enumerate([(1790, 1790), (1791, 2400), (900, 1200), (895, 640), (3583, 2700), (480, 700)]):
        y, x = np.mgrid[0:height, 0:width]
        rings = 127 + 120 * np.sin((x - width / 2) ** 2 / (2 * width) + (y - height / 2) ** 2 / (2 * height))
        board = np.where((x // (3 + seed) + y // (5 + seed)) % 2, 230, 20)
        page = Image.new("RGB", (width, height), "white")
        for line in range(0, height, 14):
            ImageDraw.Draw(page).text((5, line), "the quick brown fox jumps over the lazy dog " * 10, fill=(20, 20, line % 256))
        pictures = {
            "rings": Image.fromarray(rings.astype(np.uint8)), "print": page,
            "noise": Image.fromarray(np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)),
            "boards": Image.fromarray(np.stack([board, 255 - board, board], -1).astype(np.uint8)),
        }
        for name, picture in pictures.items():
            files.append(folder / f"{name}-{seed}.jpg")
            picture.save(files[-1], quality=90)
    return files


def resized(size, side):
    short, long = min(size), max(size)
    other = int(side * long / short)
    return (side, other) if size[0] <= size[1] else (other, side)


def pillow(file, side, margin=None):
    """The picture as the model sees it, before normalising; at a fraction where at least `margin` times the result is left."""
    image = Image.open(file)
    size, box = resized(image.size, side), (0, 0, *image.size)
    if margin:
        drafted = image.draft("RGB", tuple(int(np.ceil(s * margin)) for s in size))
        box = drafted[1] if drafted else box
    image = image.convert("RGB").resize(size, Image.Resampling.BICUBIC, box=box)
    left, top = (size[0] - side) // 2, (size[1] - side) // 2
    return image.crop((left, top, left + side, top + side))


def eighth(file):
    """Decodes at 1/8: each block is one pixel, so that hardly anything is done but undoing the entropy coding."""
    image = Image.open(file)
    image.draft("RGB", (image.width // 8, image.height // 8))
    image.load()


def processor_time(call):
    start = time.process_time()
    call()
    return time.process_time() - start


def process_time(arguments):
    """User and system seconds of a process, from its start to its end."""
    process = subprocess.Popen([str(a) for a in arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, arguments
    return usage.ru_utime + usage.ru_stime


def times(diptych, model, file, small, work):
    def own(picture, decode):
        return process_time([diptych, "preprocess", picture, "--model", model, "--decode", decode, "--threads", 1, "--quiet",
                             "--output", work / f"pixels-{pathlib.Path(picture).stem}-{decode}.npy"])

    contestants = {
        "Pillow": lambda: processor_time(lambda: pillow(file, SIDE)),
        "Pillow, draft to twice the size": lambda: processor_time(lambda: pillow(file, SIDE, 2)),
        "libjpeg-turbo in Pillow, 1/8, no resize": lambda: processor_time(lambda: eighth(file)),
        "Diptych exact": lambda: own(file, "exact"), "Diptych fast": lambda: own(file, "fast"),
        "start": lambda: own(small, "exact"),
    }
    seconds = {name: [] for name in contestants}
    for _ in range(ROUNDS):
        for name, measure in contestants.items():
            seconds[name].append(measure())
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    start = medians.pop("start")
    return {name: value - start if name.startswith("Diptych") else value for name, value in medians.items()}


def check_pixels(processor, file, work):
    """Both decodes give what Pillow gives, exact and by draft."""
    for decode, margin in (("exact", None), ("fast", 2)):
        expected = processor(images=pillow(file, SIDE, margin), do_resize=False, do_center_crop=False, return_tensors="np")
        pixels = np.load(work / f"pixels-{file.stem}-{decode}.npy")
        worst = np.abs(pixels - expected["pixel_values"]).max()
        if worst > 1e-5:
            sys.exit(f"benchmark refused: pixels of the {decode} decode differ from Pillow's by {worst:.1e}")


def losses(folder, files):
    """1 - cosine to exact embeddings for each margin: the largest and the median over the files."""
    model = CLIPModel.from_pretrained(folder, dtype=torch.float32).eval()
    processor = CLIPImageProcessorPil.from_pretrained(folder)
    side = model.config.vision_config.image_size

    def embeddings(margin):
        pictures = [pillow(f, side, margin) for f in files]
        pixels = processor(images=pictures, do_resize=False, do_center_crop=False, return_tensors="pt")["pixel_values"]
        with torch.inference_mode():
            return model.get_image_features(pixels).pooler_output.numpy()

    exact = embeddings(None)
    result = {}
    for margin in MARGINS:
        fast = embeddings(margin)
        each = [cosine_loss(fast[i : i + 1], exact[i : i + 1]) for i in range(len(files))]
        result[margin] = (max(each), statistics.median(each))
    return result


def main():
    diptych, work = sys.argv[1], pathlib.Path(sys.argv[2])
    torch.set_num_threads(1)
    work.mkdir(parents=True, exist_ok=True)
    files = photographs(work / "photographs")
    drawn = work / "pictures"
    if not (drawn / "captions.jsonl").exists():
        subprocess.run([diptych, "pictures", "--count", "24", "--seed", "77", "--output", drawn, "--quiet"], check=True)
    everything = files + sorted(drawn.glob("*.jpg"))
    folder = models.make("vit-b-32", work)
    small = work / "small.jpg"
    photograph(SIDE, SIDE, 2, 99).save(small, quality=90)
    lines = []

    def say(text=""):
        print(text, flush=True)
        lines.append(text)

    timed = files[:3]
    seconds = [times(diptych, folder, file, small, work) for file in timed]
    for file in timed[:2]:
        check_pixels(CLIPImageProcessorPil.from_pretrained(folder), file, work)
    say()
    say("## Decoding")
    say()
    say("12-megapixel JPEG files, 4:2:0, to the pixels of ViT-B/32: milliseconds of processor time on one thread, median of")
    say(f"{ROUNDS}, and the ratio to Pillow. Where sides are multiples of the fraction, pixels are checked to equal Pillow's, exact and fast.")
    say()
    say("| | " + " | ".join(f"{f.stem.split('-', 1)[1]}, {f.stat().st_size / 1e6:.1f} MB" for f in timed) + " |")
    say("| --- |" + " --- |" * len(timed))
    for name in seconds[0]:
        say(f"| {name} | " + " | ".join(f"{s[name] * 1e3:.1f} ({s[name] / s['Pillow']:.2f})" for s in seconds) + " |")
    say()
    say("No fraction leaves out the Huffman codes: at 1/8 they are nearly all that libjpeg-turbo does, and that row is what a decode")
    say("through it takes at least. Of Diptych's fast decode it is " + ", ".join(
        f"{s['libjpeg-turbo in Pillow, 1/8, no resize'] / s['Diptych fast']:.0%}" for s in seconds) + "; the rest is the transform of four pixels a block,")
    say("colours, the resize and reading the file. Where the row is above 0.25, only another Huffman decoder could be below.")
    say()
    say(f"What fast decoding changes: 1 - cosine to exact embeddings, largest and median, over {len(files)} photographs of 0.6 to 12")
    say(f"megapixels and {len(everything) - len(files)} drawn scenes, by how many times the result's size is left at least. Diptych leaves 2.")
    say()
    say("| at least | demo model | ViT-B/32, random weights |")
    say("| --- | --- | --- |")
    tables = [losses(path, everything) for path in (models.DEMO, folder)]
    for margin in MARGINS:
        say(f"| {margin} x | " + " | ".join(f"{table[margin][0]:.1e}, {table[margin][1]:.1e}" for table in tables) + " |")
    own = []
    for model in (models.DEMO, folder):
        paths = [str(f) for f in everything]
        run = [diptych, "embed", "--model", model, "--quiet", *[a for f in paths for a in ("--image", f)]]
        arrays = []
        for decode in ("exact", "fast"):
            output = work / f"decode-{decode}.npy"
            subprocess.run([*map(str, run), "--decode", decode, "--output", str(output)], check=True)
            arrays.append(np.load(output))
        own.append(cosine_loss(*arrays))
    say(f"| Diptych, measured | {own[0]:.1e} | {own[1]:.1e} |")
    say()
    say("The same, largest only, for patterns that no photograph has, where the mean of blocks and the resize's filter differ most.")
    say()
    hard = patterns(work / "patterns")
    say("| at least | " + " | ".join(f"{kind}: demo model, ViT-B/32" for kind in KINDS) + " |")
    say("| --- |" + " --- |" * len(KINDS))
    tables = {kind: [losses(path, [f for f in hard if kind in f.name]) for path in (models.DEMO, folder)] for kind in KINDS}
    for margin in MARGINS:
        say(f"| {margin} x | " + " | ".join(", ".join(f"{t[margin][0]:.1e}" for t in tables[kind]) for kind in KINDS) + " |")
    if max(own) > LIMIT:
        sys.exit(f"benchmark refused: fast decoding moves an embedding by {max(own):.1e} > {LIMIT}")
    if len(sys.argv) > 3:
        with open(sys.argv[3], "a") as report:
            report.write("\n".join(lines) + "\n")


main()
