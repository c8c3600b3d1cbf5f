"""Pictures with the statistics of photographs, made from seeds: single ones, and a folder as a camera roll is."""
import multiprocessing
import pathlib
import sys

import numpy as np
from PIL import Image, ImageDraw

BASES = 8
BASE_SIZE = (4400, 3300)
# What a telephone holds after some years: the size in pixels, its share, the kind of file, and for JPEG and WebP files the
# qualities. Most is what the camera took; the rest came by messengers and from the web, or is the screen itself.
KINDS = [
    ((4000, 3000), 0.32, "jpg", (86, 95)), ((3264, 2448), 0.12, "jpg", (85, 95)), ((2592, 1944), 0.08, "jpg", (85, 95)),
    ((2048, 1536), 0.10, "jpg", (78, 92)), ((1600, 1200), 0.14, "jpg", (70, 85)), ((1280, 960), 0.08, "jpg", (70, 85)),
    ((640, 480), 0.04, "jpg", (70, 90)), ((2340, 1080), 0.06, "screen", None), ((2016, 1512), 0.01, "png", None),
    ((1600, 1067), 0.03, "webp", (75, 88)), ((1080, 810), 0.02, "webp", (75, 88)),
]


def photograph(width, height, noise, seed):
    """Detail at every scale, as photographs have it, some hard edges, and a sensor's noise."""
    rng = np.random.default_rng(seed)
    picture = np.full((height, width, 3), 128, np.float32)
    longest, cells = max(width, height), 4
    while cells <= longest:
        shape = (max(2, height * cells // longest) + 1, max(2, width * cells // longest) + 1)
        for channel in range(3):
            detail = Image.fromarray(rng.normal(0, 1, shape).astype(np.float32)).resize((width, height), Image.Resampling.BICUBIC)
            picture[..., channel] += np.asarray(detail) * (28 / (cells / 4) ** 0.55)
        cells *= 2
    y, x = np.ogrid[0:height, 0:width]
    picture[(x - 0.6 * width) ** 2 + (y - 0.4 * height) ** 2 < (0.22 * height) ** 2] *= np.array([0.5, 0.8, 1.2], np.float32)
    picture[np.broadcast_to((x + y) % (longest // 5) < longest // 60, (height, width))] += 45
    picture += rng.normal(0, noise, picture.shape)
    return Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8))


def camera_roll(folder, count):
    """`count` pictures of KINDS in `folder`, the same ones each time; made once, on all cores."""
    folder = pathlib.Path(folder)
    if (folder / "complete").exists():
        return sorted(p for p in folder.iterdir() if p.suffix in (".jpg", ".png", ".webp"))
    folder.mkdir(parents=True, exist_ok=True)
    print(f"making {count} pictures in {folder}, once", file=sys.stderr, flush=True)
    shares = np.array([share for _, share, _, _ in KINDS])
    # Not drawn by chance, so that a small folder has the same shares: the kind that lags most comes next.
    made, plan = np.zeros(len(KINDS)), []
    for number in range(count):
        kind = int(np.argmax(shares / shares.sum() * (number + 1) - made))
        made[kind] += 1
        plan.append((folder, number, kind))
    np.random.default_rng(1).shuffle(plan)
    plan = [(folder, place, kind) for place, (_, _, kind) in enumerate(plan)]
    # Processes that are made anew: one that has used PyTorch cannot be forked safely.
    with multiprocessing.get_context("spawn").Pool(multiprocessing.cpu_count()) as pool:
        bases = pool.map(_base, [(folder, seed) for seed in range(BASES)])
        for _ in pool.imap_unordered(_taken, [(*entry, bases) for entry in plan], chunksize=4):
            pass
    for base in bases:
        base.unlink()
    (folder / "complete").write_text("")
    return camera_roll(folder, count)


def _base(entry):
    """A large picture without noise, which others are cut from."""
    folder, seed = entry
    path = folder / f"base-{seed}.npy"
    np.save(path, np.asarray(photograph(*BASE_SIZE, 0, seed)))
    return path


def _taken(entry):
    """One picture of the roll: a part of a base, turned, scaled, with colours and noise of its own."""
    folder, number, kind, bases = entry
    (long, short), _, form, qualities = KINDS[kind]
    rng = np.random.default_rng([7, number])
    width, height = (long, short) if rng.random() < 0.55 and form != "screen" else (short, long)
    if form == "screen":
        _screen(width, height, rng).save(folder / f"{number:05}.png")
        return
    base = np.load(bases[rng.integers(len(bases))], mmap_mode="r")
    share = rng.uniform(0.6, 1) * min(BASE_SIZE[0] / long, BASE_SIZE[1] / short)
    cut = (int(long * share), int(short * share))
    left, top = rng.integers(BASE_SIZE[0] - cut[0] + 1), rng.integers(BASE_SIZE[1] - cut[1] + 1)
    part = Image.fromarray(np.ascontiguousarray(base[top : top + cut[1], left : left + cut[0]]))
    if part.width < long:  # the camera's own detail replaces what a larger scale lacks: see the noise below
        part = part.resize((long, short), Image.Resampling.BILINEAR)
    else:
        part = part.resize((long, short), Image.Resampling.BOX, reducing_gap=1.5)
    if rng.random() < 0.5:
        part = part.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if (width, height) != part.size:
        part = part.transpose(Image.Transpose.ROTATE_90 if rng.random() < 0.5 else Image.Transpose.ROTATE_270)
    gains, gamma = rng.uniform(0.8, 1.2, 3), rng.uniform(0.75, 1.3)
    steps = np.linspace(0, 1, 256)
    part = part.point([int(v) for gain in gains for v in np.clip(255 * steps**gamma * gain, 0, 255)])
    # Most pictures are taken by day; some are dark and noisy.
    noise = rng.normal(0, min(12, rng.lognormal(np.log(3), 0.6)), 1 << 16).round().astype(np.int16)
    pixels = np.asarray(part).reshape(-1)
    start = rng.integers(0, 1 << 16, pixels.size // 4096 + 1)
    grain = np.concatenate([np.take(noise, range(s, s + 4096), mode="wrap") for s in start])[: pixels.size]
    part = Image.fromarray(np.clip(pixels + grain, 0, 255).astype(np.uint8).reshape(height, width, 3))
    if form == "jpg":
        part.save(folder / f"{number:05}.jpg", quality=int(rng.integers(*qualities)), progressive=bool(rng.random() < 0.05),
                  subsampling="4:2:2" if rng.random() < 0.1 else "4:2:0")
    elif form == "webp":
        part.save(folder / f"{number:05}.webp", quality=int(rng.integers(*qualities)))
    else:
        part.save(folder / f"{number:05}.png")


def _screen(width, height, rng):
    """A picture of a screen: bars, lines of small print, and coloured tiles."""
    tint = tuple(int(v) for v in rng.integers(225, 256, 3))
    screen = Image.new("RGB", (width, height), tint)
    draw = ImageDraw.Draw(screen)
    draw.rectangle((0, 0, width, 140), fill=tuple(int(v) for v in rng.integers(0, 200, 3)))
    y = 180
    while y < height - 60:
        if rng.random() < 0.1:
            draw.rectangle((40, y, width - 40, y + 300), fill=tuple(int(v) for v in rng.integers(0, 256, 3)))
            y += 330
            continue
        words = " ".join("".join(chr(97 + c) for c in rng.integers(0, 26, rng.integers(2, 9))) for _ in range(14))
        draw.text((40, y), words, fill=(20, 20, 20), font_size=28)
        y += 44
    return screen
