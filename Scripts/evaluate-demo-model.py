#!/usr/bin/env python3
"""Measures the demo model with transformers: recall@1 among 200 held-out pictures, in English and in Chinese.

Needs Python with torch, transformers (5.x), numpy and pillow; no GPU.

    diptych pictures --count 2000 --seed 2001 --output held-out
    Scripts/evaluate-demo-model.py --model Sources/DiptychCLI/Resources/DemoModel --pictures held-out

Each group of 200 pictures is a retrieval task of its own; the mean and the worst group are printed.
"""

import argparse
import json
from pathlib import Path

import torch
import torch.nn.functional as F
from PIL import Image
from transformers import CLIPModel, CLIPProcessor

GROUP = 200


@torch.no_grad()
def embed_pictures(model, processor, paths, batch=100):
    vectors = []
    for start in range(0, len(paths), batch):
        pictures = [Image.open(path).convert("RGB") for path in paths[start : start + batch]]
        pixels = processor(images=pictures, return_tensors="pt")["pixel_values"]
        pooled = model.vision_model(pixel_values=pixels).pooler_output
        vectors.append(F.normalize(model.visual_projection(pooled), dim=1))
    return torch.cat(vectors)


@torch.no_grad()
def embed_texts(model, processor, texts, batch=100):
    vectors = []
    for start in range(0, len(texts), batch):
        tokens = processor(text=texts[start : start + batch], return_tensors="pt", padding=True, truncation=True)
        pooled = model.text_model(**tokens).pooler_output
        vectors.append(F.normalize(model.text_projection(pooled), dim=1))
    return torch.cat(vectors)


def recalls(queries, candidates):
    """Recall@1 of each group of GROUP; row i of the queries belongs to row i of the candidates."""
    result = []
    for start in range(0, len(queries) - GROUP + 1, GROUP):
        similarity = queries[start : start + GROUP] @ candidates[start : start + GROUP].T
        result.append((similarity.argmax(1) == torch.arange(GROUP)).float().mean().item())
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=Path("Sources/DiptychCLI/Resources/DemoModel"))
    parser.add_argument("--pictures", type=Path, required=True, help="a folder that `diptych pictures` wrote")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()

    torch.set_num_threads(options.threads)
    model = CLIPModel.from_pretrained(options.model, dtype=torch.float32).eval()
    processor = CLIPProcessor.from_pretrained(options.model)
    with open(options.pictures / "captions.jsonl", encoding="utf-8") as lines:
        records = [json.loads(line) for line in lines]
    if len(records) < GROUP:
        parser.error(f"{options.pictures} holds {len(records)} pictures; {GROUP} are needed")
    pictures = embed_pictures(model, processor, [options.pictures / record["file"] for record in records])
    for language, key in (("English", "caption_en"), ("Chinese", "caption_zh")):
        texts = embed_texts(model, processor, [record[key] for record in records])
        for task, scores in (
            ("caption to picture", recalls(texts, pictures)),
            ("picture to caption", recalls(pictures, texts)),
        ):
            print(
                f"{language} {task}: recall@1 among {GROUP} {sum(scores) / len(scores):.3f} "
                f"(worst of {len(scores)} groups {min(scores):.3f})"
            )


if __name__ == "__main__":
    main()
