"""Compares `diptych embed` with transformers at full size, end to end: picture files and texts to embeddings.

Usage: full_size.py DIPTYCH-BINARY WORK-DIRECTORY
Prints the worst 1 - cosine of each model, kind and precision, and fails beyond 1e-5 in fp32 and 2e-3 in bf16.
"""
import json
import pathlib
import subprocess
import sys

import numpy as np
import torch
from PIL import Image
from transformers import AutoTokenizer, CLIPModel
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

import models

TEXTS = ["a big red star in the snow", "", "两个蓝色的小圆在黄色方块上面", "A PHOTO of 3 cats & dogs!! don't", "☕️👩‍👩‍👧 emoji",
         "word " * 200]


def main():
    diptych, work = sys.argv[1], pathlib.Path(sys.argv[2])
    pictures = work / "pictures"
    if not (pictures / "captions.jsonl").exists():
        subprocess.run([diptych, "pictures", "--count", "24", "--seed", "77", "--output", pictures, "--quiet"], check=True)
    files = sorted(str(p) for p in pictures.glob("*.jpg"))
    captions = [json.loads(line) for line in (pictures / "captions.jsonl").read_text().splitlines()]
    texts = [t for t in TEXTS if t] + [c["caption_en"] for c in captions] + [c["caption_zh"] for c in captions]
    print("model          kind      precision  inputs  worst 1-cos  limit")
    failed = False
    for name in models.SIZES:
        folder = models.make(name, work)
        model = CLIPModel.from_pretrained(folder, dtype=torch.float32).eval()
        tokenizer = AutoTokenizer.from_pretrained(folder)
        processor = CLIPImageProcessorPil.from_pretrained(folder)
        with torch.no_grad():
            expected = {"pictures": [], "texts": []}
            for file in files:
                pixels = processor(images=Image.open(file), return_tensors="pt")["pixel_values"]
                expected["pictures"].append(model.get_image_features(pixels).pooler_output)
            for text in texts:
                ids = tokenizer(text, truncation=True, return_tensors="pt")["input_ids"]
                expected["texts"].append(model.get_text_features(ids).pooler_output)
            expected = {k: torch.cat(v).double().numpy() for k, v in expected.items()}
        del model
        for precision, limit in (("fp32", 1e-5), ("bf16", 2e-3)):
            for kind, option, inputs in (("pictures", "--image", files), ("texts", "--text", texts)):
                output = work / "actual.npy"
                arguments = [a for i in inputs for a in (option, i)]
                subprocess.run([diptych, "embed", "--model", folder, "--precision", precision, "--quiet", "--output",
                                output, *arguments], check=True)
                actual = np.load(output).astype(np.float64)
                assert actual.shape == expected[kind].shape, (actual.shape, expected[kind].shape)
                cosine = (actual * expected[kind]).sum(1) / np.linalg.norm(actual, axis=1) / np.linalg.norm(expected[kind], axis=1)
                worst = float((1 - cosine).max())
                verdict = "ok" if worst <= limit else "TOO FAR"
                failed |= worst > limit
                print(f"{name:14} {kind:9} {precision:9}  {len(inputs):6}  {worst:11.2e}  {limit:.0e} {verdict}", flush=True)
    sys.exit(1 if failed else 0)


main()
