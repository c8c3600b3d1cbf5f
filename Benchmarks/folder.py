"""A folder of photographs to a finished store, beside a loop in transformers and open_clip with loader processes.

Usage: folder.py DIPTYCH-BINARY WORK-DIRECTORY [REPORT.md] [--count N] [--rounds N] [--precisions fp32,bf16,int8]
Appends to the report where one is named. Contestants take turns, each over the whole folder, and the median of the rounds
counts. The files are in the page cache. Diptych's time is that of the process from its start to its end, with a store that is
on disk; the peers' begins when their libraries and models are loaded, and ends with an array in memory. The run is refused
when embeddings disagree.
"""
import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "Scripts/parity"))

import numpy as np
import open_clip
import torch
from open_clip.transform import image_transform
from PIL import Image
from transformers import CLIPModel
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

import models
from measure import THREADS, cosine_loss, profile
from photographs import camera_roll

BATCH = 32
# How far an embedding may be from transformers' in fp32. open_clip cuts out another pixel where a crop's margin is odd.
LIMITS = {"fp32": 1e-5, "bf16": 2e-3, "int8": 2e-3, "fast": 5e-3, "open_clip": 1e-2}


class Loop:
    """The usual loop: Pillow opens, the processor prepares, the model runs, a batch after the other."""

    def __init__(self, folder, dtype):
        self.model = CLIPModel.from_pretrained(folder, dtype=dtype, attn_implementation="sdpa").eval()
        self.processor, self.dtype = CLIPImageProcessorPil.from_pretrained(folder), dtype

    def __call__(self, files):
        parts = []
        with torch.inference_mode():
            for start in range(0, len(files), BATCH):
                pictures = [Image.open(f) for f in files[start : start + BATCH]]
                pixels = self.processor(images=pictures, return_tensors="pt")["pixel_values"].to(self.dtype)
                parts.append(self.model.get_image_features(pixels).pooler_output.float().numpy())
        return np.concatenate(parts)


class Files(torch.utils.data.Dataset):
    def __init__(self, files):
        self.files, self.transform = files, image_transform(224, is_train=False)

    def __len__(self):
        return len(self.files)

    def __getitem__(self, index):
        return self.transform(Image.open(self.files[index]))


class OpenCLIP:
    """open_clip's model and preprocessing, with a DataLoader of two worker processes."""

    def __init__(self, folder):
        self.tower = open_clip.create_model("ViT-B-32-quickgelu", pretrained=None).visual.eval()
        self.tower.load_state_dict(open_clip_weights(CLIPModel.from_pretrained(folder, dtype=torch.float32)))

    def __call__(self, files):
        loader = torch.utils.data.DataLoader(Files(files), batch_size=BATCH, num_workers=2)
        with torch.inference_mode():
            return np.concatenate([self.tower(pixels).numpy() for pixels in loader])


def open_clip_weights(model):
    """The image tower's weights under open_clip's names."""
    theirs, vision = {}, {k.removeprefix("vision_model."): v for k, v in model.state_dict().items()}
    for name, source in (("class_embedding", "embeddings.class_embedding"), ("conv1.weight", "embeddings.patch_embedding.weight"),
                         ("positional_embedding", "embeddings.position_embedding.weight")):
        theirs[name] = vision[source]
    theirs["proj"] = model.visual_projection.weight.T
    norms = [("ln_pre", "pre_layrnorm"), ("ln_post", "post_layernorm")]
    for layer in range(model.config.vision_config.num_hidden_layers):
        block, source = f"transformer.resblocks.{layer}", f"encoder.layers.{layer}"
        norms += [(f"{block}.ln_1", f"{source}.layer_norm1"), (f"{block}.ln_2", f"{source}.layer_norm2"),
                  (f"{block}.attn.out_proj", f"{source}.self_attn.out_proj"),
                  (f"{block}.mlp.c_fc", f"{source}.mlp.fc1"), (f"{block}.mlp.c_proj", f"{source}.mlp.fc2")]
        for kind in ("weight", "bias"):
            theirs[f"{block}.attn.in_proj_{kind}"] = torch.cat(
                [vision[f"{source}.self_attn.{part}_proj.{kind}"] for part in "qkv"])
    for name, source in norms:
        for kind in ("weight", "bias"):
            theirs[f"{name}.{kind}"] = vision[f"{source}.{kind}"]
    return theirs


class Index:
    """`diptych index` into a new store, and its embeddings in the order of the files."""

    def __init__(self, diptych, model, work, precision, decode):
        self.diptych, self.store = diptych, work / "store"
        self.options = ["--model", model, "--precision", precision, "--decode", decode, "--threads", THREADS, "--quiet"]
        self.busy = []

    def __call__(self, files):
        shutil.rmtree(self.store, ignore_errors=True)
        started = time.perf_counter()
        process = subprocess.Popen([str(a) for a in [self.diptych, "index", files[0].parent, "--store", self.store, *self.options]],
                                   stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        self.seconds = time.perf_counter() - started
        if process.returncode != 0:
            sys.exit(f"benchmark refused: diptych index ended with {process.returncode}")
        self.busy.append((usage.ru_utime + usage.ru_stime) / (THREADS * self.seconds))
        return None

    def embeddings(self, files):
        output = self.store.with_suffix(".npy")
        subprocess.run([self.diptych, "store", "export", "--store", self.store, "--output", output], check=True, stderr=subprocess.DEVNULL)
        places = {json.loads(line)["path"]: row for row, line in enumerate(output.with_suffix(".jsonl").read_text().splitlines())}
        return np.load(output)[[places[str(f.resolve())] for f in files]]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("diptych")
    parser.add_argument("work", type=pathlib.Path)
    parser.add_argument("report", nargs="?", type=pathlib.Path)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=int(os.environ.get("DIPTYCH_ROUNDS", "3")))
    parser.add_argument("--precisions", default="fp32,bf16,int8")
    parser.add_argument("--only", default="", help="contestants to run, by a part of their names")
    options = parser.parse_args()
    torch.set_num_threads(THREADS)
    folder = models.make("vit-b-32", options.work)
    files = camera_roll(options.work / f"roll-{options.count}", options.count)
    megapixels = [np.prod(Image.open(f).size) / 1e6 for f in files]
    size = sum(len(f.read_bytes()) for f in files)  # and into the page cache
    precisions = options.precisions.split(",")

    contestants = {"transformers fp32": Loop(folder, torch.float32), "transformers bf16": Loop(folder, torch.bfloat16),
                   "open_clip fp32": OpenCLIP(folder)}
    for decode in ("exact", "fast"):
        for precision in precisions:
            name = f"Diptych {precision}" + (", --decode fast" if decode == "fast" else "")
            contestants[name] = Index(options.diptych, folder, options.work, precision, decode)
    reference = "transformers fp32"
    contestants = {n: c for n, c in contestants.items() if n == reference or options.only in n}
    # What decoding alone takes: the same folder for a model that is small.
    decoding = {decode: Index(options.diptych, models.DEMO, options.work, "fp32", decode) for decode in ("exact", "fast")}

    seconds, embeddings = {}, {}
    for turn in range(options.rounds):
        for name, contestant in contestants.items():
            started = time.perf_counter()
            made = contestant(files)
            taken = time.perf_counter() - started
            seconds.setdefault(name, []).append(contestant.seconds if isinstance(contestant, Index) else taken)
            if turn == 0:
                embeddings[name] = contestant.embeddings(files) if made is None else made
            print(f"{name}: {seconds[name][-1]:.1f} s", file=sys.stderr, flush=True)
        for decode, index in decoding.items():
            index(files)
            seconds.setdefault(decode, []).append(index.seconds * THREADS * index.busy[-1])
    # The encoder alone, in the same batches.
    rates = {p: profile(options.diptych, folder, p, 16)["pictures_per_second"] for p in precisions}

    lines = []

    def say(text=""):
        print(text, flush=True)
        lines.append(text)

    losses = {}
    for name, made in embeddings.items():
        kind = "open_clip" if name.startswith("open_clip") else "fast" if "fast" in name else name.split()[1]
        losses[name] = max(cosine_loss(made[i : i + 1], embeddings[reference][i : i + 1]) for i in range(len(files)))
        if not losses[name] <= max(LIMITS[kind], LIMITS.get(name.split()[1].strip(","), 0)):
            sys.exit(f"benchmark refused: {name} disagrees with {reference}, 1 - cosine {losses[name]:.1e}")
    median = {name: statistics.median(values) for name, values in seconds.items()}
    say()
    say("## A folder of photographs to a store")
    say()
    say(f"{len(files)} pictures as a telephone holds them ({min(megapixels):.1f} to {max(megapixels):.0f} megapixels, {np.mean(megapixels):.1f} on")
    say(f"average, {size / 1e6:.0f} MB; JPEG, with some PNG and WebP files) with ViT-B/32, {THREADS} threads; median of {options.rounds}. transformers is a loop over")
    say(f"batches of {BATCH} with Pillow and CLIPImageProcessorPil; open_clip's DataLoader has two worker processes; both are loaded")
    say("when their time begins, and keep their results in memory. Diptych's time is a process from start to end, with a store")
    say("that is on disk. Busy: processor time as a share of what two cores offer. Limit: the processor time of decoding this folder, found with a model that is")
    say("small, shared by two cores, and encoding at the rate that `diptych profile` measured.")
    say()
    say("| | seconds | pictures/s | to transformers fp32 | to open_clip | busy | share of limit | 1 - cosine |")
    say("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for name in contestants:
        taken, busy, share = median[name], "", ""
        if isinstance(contestants[name], Index):
            busy = f"{statistics.median(contestants[name].busy):.0%}"
            limit = median["fast" if "fast" in name else "exact"] / THREADS + len(files) / rates[name.split()[1].strip(",")]
            share = f"{limit / taken:.0%}"
        to_open_clip = f"{median['open_clip fp32'] / taken:.2f}" if "open_clip fp32" in median else ""
        loss = "0 (reference)" if name == reference else f"{losses[name]:.1e}"
        say(f"| {name} | {taken:.1f} | {len(files) / taken:.1f} | {median[reference] / taken:.2f} | {to_open_clip} | {busy} | {share} | {loss} |")
    if options.report:
        with open(options.report, "a") as report:
            report.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
