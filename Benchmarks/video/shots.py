"""Shots of drawn videos with known cuts: precision, recall and F1 of `diptych video shots` and of PySceneDetect.

    python Benchmarks/video/shots.py .build/release/diptych [--videos 12] [--seed 1]

Scenes are drawn in motion, some panning, with flashes and changes of light that are no cuts; boundaries are hard cuts, dissolves of
10 to 30 frames, and fades through black. A boundary counts as found within two frames of a cut, or anywhere in a dissolve or a
fade. Needs numpy, scenedetect (with OpenCV) and the program ffmpeg.
"""
import argparse
import json
import os
import subprocess
import tempfile
import time

import numpy
from scenedetect import AdaptiveDetector, ContentDetector, detect

WIDTH, HEIGHT, RATE = 320, 180, 25


def scene(random, count):
    """`count` frames of one scene, as floats."""
    wide = WIDTH + 200
    y, x = numpy.mgrid[0:HEIGHT, 0:wide].astype(numpy.float32)
    a, b = random.uniform(20, 235, 3), random.uniform(20, 235, 3)
    share = (numpy.cos(random.uniform(0.005, 0.03) * x + random.uniform(0.005, 0.03) * y + random.uniform(0, 6)) + 1) / 2
    back = a + share[..., None] * (b - a)
    back += random.normal(0, 1, (HEIGHT // 6 + 1, wide // 6 + 1, 3)).repeat(6, 0).repeat(6, 1)[:HEIGHT, :wide] * random.uniform(4, 20)
    pans = random.random() < 0.3
    flash = random.integers(count) if random.random() < 0.25 else -10
    lights = random.random() < 0.2
    shapes = [
        (random.uniform(0, WIDTH), random.uniform(0, HEIGHT), random.uniform(-3, 3), random.uniform(-2, 2), random.uniform(10, 45),
         random.uniform(0, 255, 3), random.random() < 0.5)
        for _ in range(random.integers(1, 5))
    ]
    grid_y, grid_x = numpy.mgrid[0:HEIGHT, 0:WIDTH]
    frames = []
    for i in range(count):
        left = int(100 + (i - count / 2) * 180 / count) if pans else 100
        frame = back[:, left : left + WIDTH].copy()
        for px, py, vx, vy, size, colour, round_ in shapes:
            dx, dy = grid_x - (px + vx * i) % WIDTH, grid_y - (py + vy * i) % HEIGHT
            frame[(dx * dx + dy * dy < size * size) if round_ else (abs(dx) < size) & (abs(dy) < size)] = colour
        if lights:
            frame *= 0.7 + 0.6 * i / count
        if 0 <= i - flash < 3:
            frame += 110
        frames.append(frame)
    return frames


def video(random):
    """Frames, and the boundaries as ranges of frames in which each may be found."""
    frames, boundaries = scene(random, int(random.integers(35, 90))), []
    for _ in range(9):
        following = scene(random, int(random.integers(35, 90)))
        kind, length = random.random(), int(random.integers(10, 31))
        if kind < 0.6:
            boundaries.append((len(frames) - 2, len(frames) + 2))
            frames += following
        elif kind < 0.8:
            start = len(frames) - length
            for i in range(length):
                share = (i + 1) / (length + 1)
                frames[start + i] = frames[start + i] * (1 - share) + following[i] * share
            boundaries.append((start - 2, len(frames) + 2))
            frames += following[length:]
        else:
            half = length // 2
            for i in range(half):
                frames[len(frames) - half + i] = frames[len(frames) - half + i] * (1 - (i + 1) / half)
                following[i] = following[i] * (i / half)
            boundaries.append((len(frames) - half - 2, len(frames) + half + 2))
            frames += following
    return frames, boundaries


def write(path, frames, random):
    grain = random.normal(0, 4, (8, HEIGHT, WIDTH, 1))
    data = b"".join(
        numpy.clip(f + grain[i % 8], 0, 255).astype(numpy.uint8).tobytes() for i, f in enumerate(frames)
    )
    subprocess.run(
        ["ffmpeg", "-v", "error", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{WIDTH}x{HEIGHT}", "-r", str(RATE), "-i", "-",
         "-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-y", path], input=data, check=True)


def matches(found, boundaries):
    left, right = list(found), 0
    for low, high in boundaries:
        hit = next((f for f in left if low <= f <= high), None)
        if hit is not None:
            left.remove(hit)
            right += 1
    return right


parser = argparse.ArgumentParser()
parser.add_argument("diptych")
parser.add_argument("--videos", type=int, default=12)
parser.add_argument("--seed", type=int, default=1)
options = parser.parse_args()
random = numpy.random.default_rng(options.seed)


def ours(path):
    output = subprocess.run([options.diptych, "video", "shots", path, "--format", "json"], check=True, capture_output=True).stdout
    return [shot["first_frame"] for shot in json.loads(output)["shots"]][1:]


def theirs(detector):
    return lambda path: [start.frame_num for start, _ in detect(path, detector())][1:]


detectors = {
    "diptych video shots": ours,
    "PySceneDetect, adaptive": theirs(AdaptiveDetector),
    "PySceneDetect, content": theirs(ContentDetector),
}
totals = {name: [0, 0, 0, 0.0] for name in detectors}
with tempfile.TemporaryDirectory() as folder:
    for number in range(options.videos):
        frames, boundaries = video(random)
        path = os.path.join(folder, f"{number}.mp4")
        write(path, frames, random)
        for name, run in detectors.items():
            began = time.monotonic()
            found = run(path)
            total = totals[name]
            total[0] += matches(found, boundaries)
            total[1] += len(found)
            total[2] += len(boundaries)
            total[3] += time.monotonic() - began
print("| detector | precision | recall | F1 | seconds |\n| --- | --- | --- | --- | --- |")
for name, (right, found, known, seconds) in totals.items():
    precision, recall = right / max(1, found), right / known
    print(f"| {name} | {precision:.3f} | {recall:.3f} | {2 * precision * recall / max(1e-9, precision + recall):.3f} | {seconds:.1f} |")
