"""Compares ViCLIP as Diptych runs it with the authors' modules at full size, on seeded random weights: videos and texts to embeddings.

Usage: viclip.py DIPTYCH-BINARY WORK-DIRECTORY [--sizes b,l]
Prints the worst 1 - cosine of each precision, and fails beyond 1e-5 in fp32 and 2e-3 in bf16; int8 is measured. The authors' files are
fetched at one revision into the work directory, and are taken from $DIPTYCH_VICLIP where that names a folder that has them. Needs
einops and the program ffmpeg.
"""
import argparse
import hashlib
import importlib
import json
import os
import pathlib
import subprocess
import sys
import time
import types
import urllib.request

import numpy as np
import torch

REVISION = "3965eef16e2dadd0ea6c8d0cc29c8a3039df52e3"
ADDRESS = f"https://raw.githubusercontent.com/OpenGVLab/InternVideo/{REVISION}/Data/InternVid/viclip/"
FILES = ["viclip.py", "viclip_vision.py", "viclip_text.py", "simple_tokenizer.py", "bpe_simple_vocab_16e6.txt.gz"]
VOCABULARY = "924691ac288e54409236115652ad4aa250f48203de50a9e4722a6ecd48d6804a"
TEXTS = ["A playful dog and its owner wrestle in the snowy yard", "Hello, World! It's 2024 & café", "word " * 40, "a red star"]
LIMITS = {"fp32": 1e-5, "bf16": 2e-3, "int8": None}


def fetched(work):
    """The folder of a package `viclip` with the authors' files."""
    folder = pathlib.Path(os.environ.get("DIPTYCH_VICLIP", work / "authors")) / "viclip"
    folder.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        if not (folder / name).exists():
            with urllib.request.urlopen(ADDRESS + name, timeout=60) as reply:
                (folder / name).write_bytes(reply.read())
    assert hashlib.sha256((folder / FILES[-1]).read_bytes()).hexdigest() == VOCABULARY, "the vocabulary is another"
    # Their package's own file asks for more than the model needs.
    (folder / "__init__.py").write_text("")
    return folder


def authors(folder):
    """The authors' modules, with what their imports ask for and newer releases have moved."""
    for name, members in [("timm.models.layers", {"DropPath": torch.nn.Identity}), ("timm.models.registry", {"register_model": lambda f: f})]:
        module = types.ModuleType(name)
        module.__dict__.update(members)
        if name.endswith("layers"):
            class DropPath(torch.nn.Identity):
                def __init__(self, *_):
                    super().__init__()
            module.DropPath = DropPath
        sys.modules[name] = module
    sys.modules.setdefault("timm", types.ModuleType("timm"))
    sys.modules.setdefault("timm.models", types.ModuleType("timm.models"))
    import packaging.version
    resources = types.ModuleType("pkg_resources")
    resources.packaging = packaging
    sys.modules["pkg_resources"] = resources
    sys.path.insert(0, str(folder.parent))
    return importlib.import_module("viclip.viclip")


def seeded(module, size):
    """A model of random weights, of which none is left as memory happened to be."""
    torch.manual_seed(0)
    model = module.ViCLIP(size=size, pretrain=None).eval()
    with torch.no_grad():
        for name, value in model.named_parameters():
            if value.dim() == 0:
                continue
            if value.dim() == 1 and name.endswith("weight"):
                value.copy_(1 + 0.1 * torch.randn_like(value))
            elif name.endswith("bias"):
                value.copy_(0.05 * torch.randn_like(value))
            else:
                fan = value.numel() // value.shape[0] if value.dim() > 1 else value.numel()
                spread = 0.5 if "embedding" in name else 1.4
                value.copy_(spread * torch.randn_like(value) / (fan**0.5 if "embedding" not in name else 3))
    return model


def videos(work):
    """Two videos of 224 × 224 pixels, which no resize touches, and their frames as ffmpeg gives them."""
    made = []
    for number, source in enumerate(["testsrc2", "mandelbrot"]):
        path = work / f"video{number}.mp4"
        subprocess.run(["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-t", "1.4", "-i", f"{source}=size=224x224:rate=25", "-pix_fmt", "yuv420p",
                        "-c:v", "libx264", "-preset", "veryfast", path], check=True)
        raw = subprocess.run(["ffmpeg", "-v", "error", "-i", path, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"], check=True, capture_output=True)
        made.append((path, np.frombuffer(raw.stdout, np.uint8).reshape(-1, 224, 224, 3)))
    return made


def clip(frames):
    step = len(frames) // 8
    chosen = frames[::step][:8].astype(np.float64) / 255
    mean, deviation = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    return torch.from_numpy(((chosen - mean) / deviation).transpose(0, 3, 1, 2).astype(np.float32))[None]


def printed(command):
    lines = subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True).stdout.splitlines()
    return np.array([json.loads(line)["embedding"] for line in lines], np.float64)


def worst(actual, expected):
    unit = expected / np.linalg.norm(expected, axis=1, keepdims=True)
    actual = actual / np.linalg.norm(actual, axis=1, keepdims=True)
    return float((1 - (actual * unit).sum(1)).max())


def main():
    options = argparse.ArgumentParser()
    options.add_argument("diptych")
    options.add_argument("work", type=pathlib.Path)
    options.add_argument("--sizes", default="b,l")
    options = options.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    folder = fetched(options.work)
    module, films = authors(folder), videos(options.work)
    failed = False
    print("| model | input | precision | 1 − cosine | largest cosine of two inputs | s a clip, authors' | s a clip, Diptych |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for size in options.sizes.split(","):
        model = seeded(module, size)
        with torch.no_grad():
            started = time.perf_counter()
            clips = np.concatenate([model.encode_vision(clip(frames), test=True).double().numpy().reshape(1, -1) for _, frames in films])
            seconds = (time.perf_counter() - started) / len(films)
            texts = np.concatenate([model.encode_text(text).double().numpy().reshape(1, -1) for text in TEXTS])
        place = options.work / f"viclip-{size}"
        place.mkdir(exist_ok=True)
        torch.save({"model": model.state_dict()}, place / "ViClip.pth")
        (place / FILES[-1]).write_bytes((folder / FILES[-1]).read_bytes())
        del model
        for precision, limit in LIMITS.items():
            common = ["--model", place / "ViClip.pth", "--precision", precision, "--quiet"]
            started = time.perf_counter()
            found = printed([options.diptych, "video", "embed", *[path for path, _ in films], *common])
            elapsed = time.perf_counter() - started
            said = printed([options.diptych, "embed", *[part for text in TEXTS for part in ("--text", text)], *common])
            for kind, actual, expected in [("video", found, clips), ("text", said, texts)]:
                error = worst(actual, expected)
                unit = expected / np.linalg.norm(expected, axis=1, keepdims=True)
                near = float((unit @ unit.T - 2 * np.eye(len(unit))).max())
                times = f"{seconds:.2f} | {elapsed / len(films):.2f} with loading" if kind == "video" else "– | –"
                print(f"| {size.upper()} | {kind} | {precision} | {error:.2e} | {near:.4f} | {times} |", flush=True)
                failed |= limit is not None and not error <= limit or near > 0.999
        (place / "ViClip.pth").unlink()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
