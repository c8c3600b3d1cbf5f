"""Videos into a store, and what it is measured against.

    python Benchmarks/video/moments.py .build/release/diptych [--minutes 60] [--size 1920x1080] [--work .build/bench-video]

1. A grainy H.264 video (5 Mbit/s, 30 frames a second, a key frame each 250) is indexed at 1 frame a second with a ViT-B/32 of random
   weights in bf16, shots included. Beside it: FFmpeg's decoding of all frames, which shots need, on the same threads, plus the time of the
   encoder for as many pictures.
2. 32 uniform frames of a 10-second clip, written as pictures by `diptych video frames` and by PyAV with Pillow.

Each figure is the best of three runs, taken in turn. Needs torch, transformers, av and the program ffmpeg.
"""
import argparse
import json
import os
import pathlib
import shutil
import subprocess
import time

import av
import torch
from PIL import Image
from transformers import CLIPConfig, CLIPModel, CLIPImageProcessor


def run(*command, **options):
    return subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True, **options).stdout


def timed(*command):
    started = time.perf_counter()
    run(*command)
    return time.perf_counter() - started


def drawn(path, seconds, size):
    """A video of scenes in motion with grain, cut every seven seconds."""
    if path.exists():
        return
    scenes = ["testsrc2", "mandelbrot", "smptehdbars", "gradients"]
    inputs = [part for name in scenes for part in ("-f", "lavfi", "-t", "7", "-i", f"{name}=size={size}:rate=30")]
    once = path.with_suffix(".once.mp4")
    run("ffmpeg", "-v", "error", "-y", *inputs, "-filter_complex", "[0][1][2][3]concat=n=4,noise=alls=14:allf=t,format=yuv420p", "-c:v", "libx264",
        "-preset", "veryfast", "-b:v", "5M", "-maxrate", "8M", "-bufsize", "10M", "-g", "250", "-keyint_min", "250", once)
    run("ffmpeg", "-v", "error", "-y", "-stream_loop", str(int(seconds // 28)), "-i", once, "-t", str(seconds), "-c", "copy", path)
    once.unlink()


def vit_b_32(folder):
    """A CLIP ViT-B/32 of random weights, as transformers saves it."""
    if (folder / "model.safetensors").exists():
        return
    source = pathlib.Path("Sources/DiptychCLI/Resources/DemoModel")
    # The texts are the demo model's: only images count here.
    known = json.loads((source / "config.json").read_text())["text_config"]
    text = {name: known[name] for name in ("vocab_size", "eos_token_id", "bos_token_id", "pad_token_id", "max_position_embeddings") if name in known}
    torch.manual_seed(0)
    CLIPModel(CLIPConfig(text_config=text)).save_pretrained(folder)
    CLIPImageProcessor().save_pretrained(folder)
    for name in ("vocab.json", "merges.txt", "tokenizer.json", "tokenizer_config.json"):
        shutil.copy(source / name, folder / name)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("diptych")
    options.add_argument("--minutes", type=float, default=60)
    options.add_argument("--size", default="1920x1080")
    options.add_argument("--work", type=pathlib.Path, default=pathlib.Path(".build/bench-video"))
    options.add_argument("--runs", type=int, default=3)
    options = options.parse_args()
    work, seconds = options.work, options.minutes * 60
    work.mkdir(parents=True, exist_ok=True)
    model, film, clip = work / "vit-b-32", work / f"film-{options.size}-{options.minutes:g}.mp4", work / "clip.mp4"
    vit_b_32(model)
    drawn(film, seconds, options.size)
    drawn(clip, 10, "1280x720")
    count = int(seconds)
    encode = json.loads(run(options.diptych, "profile", "--model", model, "--precision", "bf16", "--batch", "32", "--format", "json"))
    threads = os.cpu_count()
    best = {"index": 1e9, "decode": 1e9}
    for _ in range(options.runs):
        shutil.rmtree(work / "store", ignore_errors=True)
        best["index"] = min(best["index"], timed(options.diptych, "index", film, "--store", work / "store", "--model", model, "--precision", "bf16",
                                                 "--per-second", "1", "--quiet"))
        best["decode"] = min(best["decode"], timed("ffmpeg", "-v", "error", "-threads", threads, "-i", film, "-an", "-f", "null", "-"))
    per = 1 / encode["pictures_per_second"]
    limit = best["decode"] + per * count
    print(f"{options.minutes:g} minutes of {options.size}: indexed in {best['index'] / 60:.2f} minutes; FFmpeg's decoding {best['decode'] / 60:.2f} + "
          f"encoder {per * count / 60:.2f} minutes: {limit / best['index']:.0%} of that speed; {threads} threads")

    ours = theirs = 1e9
    for _ in range(options.runs):
        ours = min(ours, timed(options.diptych, "video", "frames", clip, "--count", "32", "--format", "json", "--output", work / "frames"))
        started = time.perf_counter()
        with av.open(str(clip)) as container:
            container.streams.video[0].thread_type = "AUTO"
            stamps = [round((i + 0.5) * 300 / 32) for i in range(32)]
            found = [frame.to_ndarray(format="rgb24") for number, frame in enumerate(container.decode(video=0)) if number in set(stamps)]
        for number, frame in enumerate(found):
            Image.fromarray(frame).save(work / f"frame-{number}.png", compress_level=1)
        theirs = min(theirs, time.perf_counter() - started)
    print(f"32 uniform frames of a 10-second 720p clip, written as pictures: Diptych {ours:.2f} s with starting, PyAV {theirs:.2f} s")


if __name__ == "__main__":
    main()
