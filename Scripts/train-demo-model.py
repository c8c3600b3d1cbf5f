#!/usr/bin/env python3
r"""Trains the bilingual demo model: a byte-level BPE vocabulary and a small CLIP, in the layout of Hugging Face.

Needs Python 3.10 or later with torch, transformers (5.x), tokenizers, safetensors, numpy and pillow; no GPU.

    diptych pictures --count 120000 --seed 1    --wordings 4 --output train
    diptych pictures --count 2000   --seed 1001 --output validation
    Scripts/train-demo-model.py --train train --validation validation --minutes 52 --bf16 \
        --output Sources/DiptychCLI/Resources/DemoModel

Every random draw is seeded. `--steps` fixes the length of the run in optimiser steps and so makes it repeatable;
`--minutes` fixes it in time, and the number of steps depends on the machine. The model in this repository was never
shown a picture of another seed than 1; seed 1001 chose the checkpoint; other seeds measure it.
"""

import argparse
import json
import math
import random
import shutil
import time
from multiprocessing import Pool
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from transformers import CLIPConfig, CLIPModel, CLIPTokenizer

from demo_vocabulary import END, train_tokenizer

IMAGE_SIZE = 96
CONTEXT = 64  # tokens with start and end
MEAN = [0.48145466, 0.4578275, 0.40821073]
STD = [0.26862954, 0.26130258, 0.27577711]

# The attributes that the auxiliary heads read off a scene; the heads are thrown away after the training.
ATTRIBUTES = {
    "shape": "circle square triangle star heart hexagon ring cross diamond moon flower arrow".split(),
    "color": "red orange yellow green blue purple pink brown black white".split(),
    "count": [1, 2, 3, 4],
    "texture": "plain striped dotted checked".split(),
    "size": "small large".split(),
}
RELATIONS = "beside stacked nested middle topLeft topRight bottomLeft bottomRight".split()
BACKDROPS = (
    "white black gray green blue pink yellow purple sunset night sand grass sea snow wood brick".split()
)


# Data


def read_lines(path):
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def load_picture(path):
    """CLIP's preprocessing up to the crop: shortest edge to IMAGE_SIZE (bicubic), centre crop, uint8 [H, W, 3]."""
    picture = Image.open(path).convert("RGB")
    width, height = picture.size
    short = min(width, height)
    size = (int(IMAGE_SIZE * width / short), int(IMAGE_SIZE * height / short))
    picture = picture.resize(size, Image.Resampling.BICUBIC)
    left, top = (size[0] - IMAGE_SIZE) // 2, (size[1] - IMAGE_SIZE) // 2
    return np.asarray(picture.crop((left, top, left + IMAGE_SIZE, top + IMAGE_SIZE)))


def load_pictures(folder, records, workers):
    """All pictures of a folder, uint8 [N, H, W, 3]; kept beside them, as decoding takes minutes."""
    cache = folder / f"pixels-{IMAGE_SIZE}-{len(records)}.npy"
    if not cache.exists():
        with Pool(workers) as pool:
            paths = [folder / record["file"] for record in records]
            pixels = np.empty((len(paths), IMAGE_SIZE, IMAGE_SIZE, 3), np.uint8)
            for index, picture in enumerate(pool.imap(load_picture, paths, chunksize=256)):
                pixels[index] = picture
        np.save(cache, pixels)
    return torch.from_numpy(np.load(cache))


def scene_targets(records):
    """Class numbers of every attribute, int64 [N, heads]; -1 where a scene has no second group."""
    rows = []
    for record in records:
        row = [RELATIONS.index(record["relation"]), BACKDROPS.index(record["backdrop"])]
        for place in range(2):
            group = record["groups"][place] if place < len(record["groups"]) else None
            row += [values.index(group[name]) if group else -1 for name, values in ATTRIBUTES.items()]
        rows.append(row)
    return torch.tensor(rows)


def tokenize(tokenizer, texts):
    """Token ids, int16 [N, CONTEXT], filled up with the end token."""
    end = tokenizer.convert_tokens_to_ids(END)
    ids = np.full((len(texts), CONTEXT), end, np.int16)
    longest = 0
    for start in range(0, len(texts), 10_000):
        for offset, row in enumerate(tokenizer(texts[start : start + 10_000])["input_ids"]):
            longest = max(longest, len(row))
            ids[start + offset, : min(len(row), CONTEXT)] = row[:CONTEXT]
    assert longest <= CONTEXT, f"a caption has {longest} tokens, the context {CONTEXT}"
    return torch.from_numpy(ids)


# Model


def make_model(vocabulary_size):
    end = vocabulary_size - 1
    config = CLIPConfig(
        text_config={
            "vocab_size": vocabulary_size,
            "hidden_size": 128,
            "intermediate_size": 512,
            "num_hidden_layers": 3,
            "num_attention_heads": 4,
            "max_position_embeddings": CONTEXT,
            "hidden_act": "quick_gelu",
            "projection_dim": 128,
            "bos_token_id": end - 1,
            "eos_token_id": end,
            "pad_token_id": end,
        },
        vision_config={
            "image_size": IMAGE_SIZE,
            "patch_size": 16,
            "hidden_size": 192,
            "intermediate_size": 768,
            "num_hidden_layers": 5,
            "num_attention_heads": 6,
            "hidden_act": "quick_gelu",
            "projection_dim": 128,
        },
        projection_dim=128,
    )
    model = CLIPModel(config)
    # Hugging Face's initial values are made for fine-tuning; a pre-norm transformer learns faster from these.
    for module in model.modules():
        if isinstance(module, torch.nn.Linear):
            torch.nn.init.xavier_uniform_(module.weight)
            if module.bias is not None:
                torch.nn.init.zeros_(module.bias)
    torch.nn.init.normal_(model.vision_model.embeddings.position_embedding.weight, std=0.1)
    torch.nn.init.normal_(model.vision_model.embeddings.patch_embedding.weight, std=0.05)
    return model


class Heads(torch.nn.Module):
    """Linear readers of a tower's pooled state, one for each attribute of a scene."""

    def __init__(self, width):
        super().__init__()
        group = [len(values) for values in ATTRIBUTES.values()]
        self.sizes = [len(RELATIONS), len(BACKDROPS), *group, *group]
        self.linear = torch.nn.Linear(width, sum(self.sizes))

    def forward(self, pooled, targets, keep):
        """The mean cross entropy over heads, and the share of right answers; `keep` masks rows."""
        parts = self.linear(pooled).float().split(self.sizes, dim=1)
        losses, right = [], []
        for column, logits in enumerate(parts):
            target = torch.where(keep, targets[:, column], -1)
            losses.append(F.cross_entropy(logits, target, ignore_index=-1))
            right.append((logits.argmax(1) == target)[target >= 0].float().mean())
        return torch.stack(losses).nan_to_num().mean(), torch.stack(right).nanmean()


def pixel_values(pictures, augment, generator):
    """uint8 [B, H, W, 3] to normalised float [B, 3, H, W]; never mirrored, as left and right are in the captions."""
    pixels = pictures.permute(0, 3, 1, 2).float().div_(255)
    if augment:
        count = len(pixels)
        padded = F.pad(pixels, (3, 3, 3, 3), mode="replicate")
        shifts = torch.randint(0, 7, (count, 2), generator=generator).tolist()
        pixels = torch.stack(
            [padded[i, :, y : y + IMAGE_SIZE, x : x + IMAGE_SIZE] for i, (y, x) in enumerate(shifts)]
        )
        gain = 1 + 0.12 * (torch.rand(count, 1, 1, 1, generator=generator) * 2 - 1)
        shift = 0.06 * (torch.rand(count, 3, 1, 1, generator=generator) * 2 - 1)
        pixels = pixels.mul_(gain).add_(shift)
    return pixels.sub_(torch.tensor(MEAN).view(3, 1, 1)).div_(torch.tensor(STD).view(3, 1, 1))


def encode_texts(model, ids):
    ids = ids.long()
    end = model.config.text_config.eos_token_id
    longest = int((ids != end).sum(1).max()) + 1  # what follows the end token is never seen
    pooled = model.text_model(input_ids=ids[:, :longest]).pooler_output
    return pooled, F.normalize(model.text_projection(pooled).float(), dim=1)


def encode_pictures(model, pixels):
    pooled = model.vision_model(pixel_values=pixels).pooler_output
    return pooled, F.normalize(model.visual_projection(pooled).float(), dim=1)


def contrastive(pictures, texts, scale):
    logits = scale * pictures @ texts.T
    labels = torch.arange(len(logits))
    return (F.cross_entropy(logits, labels) + F.cross_entropy(logits.T, labels)) / 2


@torch.no_grad()
def recall(model, pictures, ids, autocast, group=200):
    """The mean over groups of 200 of the share of captions whose own picture is nearest."""
    model.eval()
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        images = torch.cat([encode_pictures(model, pixel_values(p, False, None))[1] for p in pictures.split(250)])
        texts = torch.cat([encode_texts(model, rows)[1] for rows in ids.split(250)])
    model.train()
    hits = [
        (texts[i : i + group] @ images[i : i + group].T).argmax(1) == torch.arange(group)
        for i in range(0, len(images) - group + 1, group)
    ]
    return torch.stack(hits).float().mean().item()


# Training


def export(model, folder):
    """Half-precision weights and configuration; the rest of the directory is written once by `main`."""
    half = CLIPModel(model.config)
    half.load_state_dict(model.state_dict())
    half.half().save_pretrained(folder)


def write_preprocessor(folder):
    settings = {
        "image_processor_type": "CLIPImageProcessor",
        "do_convert_rgb": True,
        "do_resize": True,
        "size": {"shortest_edge": IMAGE_SIZE},
        "resample": 3,
        "do_center_crop": True,
        "crop_size": {"height": IMAGE_SIZE, "width": IMAGE_SIZE},
        "do_rescale": True,
        "rescale_factor": 1 / 255,
        "do_normalize": True,
        "image_mean": MEAN,
        "image_std": STD,
    }
    (folder / "preprocessor_config.json").write_text(json.dumps(settings, indent=2) + "\n")


def rate(progress, peak, warmup=0.03):
    """Linear warm-up, then half a cosine down to one per cent of the peak."""
    if progress < warmup:
        return peak * (progress / warmup + 0.01)
    done = (progress - warmup) / (1 - warmup)
    return peak * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(done, 1))))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", type=Path, required=True, help="a folder with training.jsonl")
    parser.add_argument("--validation", type=Path, required=True, help="a folder with captions.jsonl")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=55, help="length of the run, unless --steps is given")
    parser.add_argument("--steps", type=int, help="length of the run in optimiser steps")
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--initial", type=Path, help="go on from this model, with its vocabulary")
    parser.add_argument("--brief", type=float, default=0.15, help="share of brief captions")
    parser.add_argument("--evaluate-every", type=int, default=400)
    parser.add_argument("--limit", type=int, help="use only so many training pictures")
    parser.add_argument("--bf16", action="store_true", help="bfloat16 matrix products")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()

    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    draw = random.Random(options.seed)
    generator = torch.Generator().manual_seed(options.seed)
    options.output.mkdir(parents=True, exist_ok=True)

    records = read_lines(options.train / "training.jsonl")[: options.limit]
    wordings = len(records[0]["full_en"])
    kinds = ("full_en", "full_zh", "brief_en", "brief_zh")
    sample = [text for record in records[:20_000] for kind in kinds for text in record[kind]]
    if options.initial:
        for name in ("vocab.json", "merges.txt", "tokenizer.json", "tokenizer_config.json"):
            shutil.copy(options.initial / name, options.output / name)
        tokenizer = CLIPTokenizer.from_pretrained(options.output)
    else:
        tokenizer = train_tokenizer(sample, options.output, CONTEXT)
    write_preprocessor(options.output)
    # ids[kind][picture, wording]
    ids = {
        kind: tokenize(tokenizer, [text for record in records for text in record[kind]]).view(
            len(records), wordings, CONTEXT
        )
        for kind in kinds
    }
    targets = scene_targets(records)
    pictures = load_pictures(options.train, records, options.threads)
    held = read_lines(options.validation / "captions.jsonl")[:1000]
    held_pictures = load_pictures(options.validation, held, options.threads)
    held_ids = {key: tokenize(tokenizer, [row[f"caption_{key}"] for row in held]) for key in ("en", "zh")}
    print(f"{len(records)} training pictures, {len(tokenizer)} tokens", flush=True)

    if options.initial:
        model = CLIPModel.from_pretrained(options.initial, dtype=torch.float32)
    else:
        model = make_model(len(tokenizer))
    picture_heads = Heads(model.config.vision_config.hidden_size)
    text_heads = Heads(model.config.text_config.hidden_size)
    parameters = [*model.parameters(), *picture_heads.parameters(), *text_heads.parameters()]
    optimizer = torch.optim.AdamW(
        [
            {"params": [p for p in parameters if p.ndim >= 2], "weight_decay": 0.05},
            {"params": [p for p in parameters if p.ndim < 2], "weight_decay": 0.0},
        ],
        lr=options.rate,
        betas=(0.9, 0.98),
        eps=1e-6,
    )
    model.train()
    print(f"{sum(p.numel() for p in model.parameters()) / 1e6:.2f} M parameters", flush=True)

    best, step, order, started = -1.0, 0, [], time.monotonic()
    while True:
        elapsed = time.monotonic() - started
        progress = step / options.steps if options.steps else elapsed / (60 * options.minutes)
        if step and (step % options.evaluate_every == 0 or progress >= 1):
            scores = {key: recall(model, held_pictures, rows, options.bf16) for key, rows in held_ids.items()}
            print(f"step {step} recall@1 of 200: en {scores['en']:.3f} zh {scores['zh']:.3f}", flush=True)
            if min(scores.values()) >= best:
                best = min(scores.values())
                export(model, options.output)
        if progress >= 1:
            break

        # A batch of different pictures, each with one English and one Chinese caption, now and then a brief one.
        if len(order) < options.batch:
            order = list(range(len(records)))
            draw.shuffle(order)
        chosen = torch.tensor([order.pop() for _ in range(options.batch)])
        full = torch.rand(options.batch, generator=generator) >= options.brief
        wording = torch.randint(0, wordings, (2, options.batch), generator=generator)
        texts = torch.cat(
            [
                torch.where(
                    full[:, None],
                    ids[f"full_{key}"][chosen, wording[row]],
                    ids[f"brief_{key}"][chosen, wording[row]],
                )
                for row, key in enumerate(("en", "zh"))
            ]
        )
        for group in optimizer.param_groups:
            group["lr"] = rate(progress, options.rate)
        with torch.autocast("cpu", torch.bfloat16, enabled=options.bf16):
            seen, image_vectors = encode_pictures(model, pixel_values(pictures[chosen], True, generator))
            read, text_vectors = encode_texts(model, texts)
        scale = model.logit_scale.clamp(max=math.log(100)).exp()
        english, chinese = text_vectors.chunk(2)
        match = (contrastive(image_vectors, english, scale) + contrastive(image_vectors, chinese, scale)) / 2
        # The auxiliary task, at first as heavy as the matching, fades out.
        goal = targets[chosen]
        picture_loss, picture_right = picture_heads(seen.float(), goal, torch.ones_like(full))
        text_loss, text_right = text_heads(read.float(), goal.repeat(2, 1), full.repeat(2))
        loss = match + (2.0 - 1.7 * progress) * (picture_loss + 0.5 * text_loss)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        step += 1
        if step % 50 == 0:
            speed = step * options.batch / (time.monotonic() - started)
            print(
                f"step {step} {progress:.1%} match {match:.3f} attributes: picture {picture_loss:.3f} "
                f"({picture_right:.3f} right) text {text_loss:.3f} ({text_right:.3f} right) "
                f"scale {scale:.1f} {speed:.0f}/s",
                flush=True,
            )
    print(f"best {best:.3f} after {step} steps in {(time.monotonic() - started) / 60:.1f} minutes")


if __name__ == "__main__":
    main()
