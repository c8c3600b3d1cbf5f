"""Trains a small open_clip ViT with ClipLoss and with SigLipLoss, in PyTorch and by Diptych, in fp64 on the same data in the same order, and
prints the worst relative difference of the losses of 20 steps.

    training_open_clip.py DIPTYCH WORK
"""
import json
import math
import os
import random
import shutil
import subprocess
import sys

import numpy as np
import open_clip
import torch
from open_clip.loss import SigLipLoss
from PIL import Image

SIZES = dict(
    embed_dim=24, vision_cfg=dict(image_size=32, layers=2, width=32, head_width=16, patch_size=8),
    text_cfg=dict(context_length=20, vocab_size=49408, width=32, heads=2, layers=2))
MEAN, STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
PAIRS, BATCH, STEPS, WARMUP, RATE = 40, 8, 20, 4, 1e-3


def pairs(folder):
    """Images and texts, in a table as open_clip reads it."""
    rng, words = random.Random(1), "red green blue star ring square small large left right photo".split()
    rows = []
    for number in range(PAIRS):
        array = np.full((40, 36, 3), rng.choice([20, 90, 160]), np.uint8)
        y, x = rng.randrange(20), rng.randrange(16)
        array[y:y + 16, x:x + 16] = [rng.randrange(256) for _ in range(3)]
        path = os.path.join(folder, f"{number}.png")
        Image.fromarray(array).save(path)
        rows.append((path, " ".join(rng.choice(words) for _ in range(rng.randrange(2, 9))) + f" {number}"))
    with open(os.path.join(folder, "pairs.csv"), "w") as file:
        file.write("filepath,title\n" + "".join(f"{path},{text}\n" for path, text in rows))
    return rows


def compare(diptych, work, is_sigmoid):
    folder = os.path.join(work, "sigmoid" if is_sigmoid else "softmax")
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(os.path.join(folder, "model"))
    rows = pairs(folder)
    torch.manual_seed(0)
    model = open_clip.CLIP(**SIZES, **(dict(init_logit_bias=-10.0) if is_sigmoid else {}))
    torch.save(model.state_dict(), os.path.join(folder, "model", "open_clip_pytorch_model.bin"))
    config = {**SIZES, **({"init_logit_bias": -10} if is_sigmoid else {})}
    with open(os.path.join(folder, "model", "open_clip_config.json"), "w") as file:
        json.dump({"model_cfg": config, "preprocess_cfg": {
            "mean": MEAN, "std": STD, "interpolation": "bicubic", "resize_mode": "shortest", "size": [32, 32], "mode": "RGB"}}, file)
    shutil.copy(os.path.join(os.path.dirname(open_clip.__file__), "bpe_simple_vocab_16e6.txt.gz"), os.path.join(folder, "model"))

    model.double().train()
    transform = open_clip.image_transform(32, is_train=False, mean=MEAN, std=STD)
    images = torch.stack([transform(Image.open(path)) for path, _ in rows]).double()
    texts = open_clip.SimpleTokenizer(context_length=20)([text for _, text in rows])
    excluded = lambda n, p: p.ndim < 2 or "bn" in n or "ln" in n or "bias" in n or "logit_scale" in n
    named = list(model.named_parameters())
    optimizer = torch.optim.AdamW(
        [{"params": [p for n, p in named if excluded(n, p)], "weight_decay": 0.0},
         {"params": [p for n, p in named if not excluded(n, p)], "weight_decay": 0.2}], lr=RATE, betas=(0.9, 0.98), eps=1e-6)
    loss, expected = SigLipLoss() if is_sigmoid else open_clip.ClipLoss(), []
    for step in range(STEPS):
        epoch, place = divmod(step, PAIRS // BATCH)
        order = torch.randperm(PAIRS, generator=torch.Generator().manual_seed(123 + epoch)).tolist()
        chosen = order[place * BATCH:(place + 1) * BATCH]
        rate = RATE * (step + 1) / WARMUP
        if step >= WARMUP:
            rate = 0.5 * (1 + math.cos(math.pi * (step - WARMUP) / (STEPS - WARMUP))) * RATE
        for group in optimizer.param_groups:
            group["lr"] = rate
        optimizer.zero_grad()
        total = loss(*model(images[chosen], texts[chosen])[:4 if is_sigmoid else 3])
        total.backward()
        optimizer.step()
        with torch.no_grad():
            model.logit_scale.clamp_(0, math.log(100))
        expected.append(total.item())

    subprocess.run(
        [diptych, "train", "--model", os.path.join(folder, "model"), "--train-data", os.path.join(folder, "pairs.csv"), "--logs", folder,
         "--name", "run", "--batch-size", str(BATCH), "--lr", str(RATE), "--beta2", "0.98", "--eps", "1e-6", "--warmup", str(WARMUP),
         "--max-steps", str(STEPS), "--log-interval", "1", "--precision", "fp64", "--quiet"], check=True, stdout=subprocess.DEVNULL)
    with open(os.path.join(folder, "run", "metrics.jsonl")) as file:
        found = [json.loads(line)["loss"] for line in file]
    worst = max(abs(a - b) / b for a, b in zip(found, expected, strict=True))
    print(f"open_clip ViT, {'SigLipLoss' if is_sigmoid else 'ClipLoss'}: {STEPS} steps, worst relative difference {worst}")
    assert worst <= 1e-8


def main():
    torch.set_num_threads(1)
    for is_sigmoid in (False, True):
        compare(sys.argv[1], os.path.abspath(sys.argv[2]), is_sigmoid)


main()
