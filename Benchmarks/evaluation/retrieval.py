"""How long it takes to score 1,000 images and 5,000 texts of width 512 both ways, with intervals, from files of features.

    python3 Benchmarks/evaluation/retrieval.py .build/release/diptych [IMAGES TEXTS WIDTH]
"""
import json
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time

program = sys.argv[1]
images, texts, width = [int(number) for number in sys.argv[2:5]] or (1000, 5000, 512)
generator = random.Random(7)
rows = [[generator.gauss(0, 1) for _ in range(width)] for _ in range(images)]


def write(path, kind, vectors):
    with open(path, "w") as file:
        for number, vector in enumerate(vectors):
            length = sum(x * x for x in vector) ** 0.5
            file.write(json.dumps({kind: number, "feature": [round(x / length, 8) for x in vector]}) + "\n")


with tempfile.TemporaryDirectory() as folder:
    paths = [os.path.join(folder, name) for name in ("images.jsonl", "texts.jsonl", "truth.jsonl")]
    write(paths[0], "image_id", rows)
    write(paths[1], "text_id", ([x + 3 * generator.gauss(0, 1) for x in rows[t % images]] for t in range(texts)))
    with open(paths[2], "w") as file:
        file.writelines(json.dumps({"text_id": t, "image_ids": [t % images]}) + "\n" for t in range(texts))
    scored, whole = [], []
    for _ in range(5):
        start = time.perf_counter()
        run = subprocess.run(
            [program, "evaluate", "retrieval", "--image-features", paths[0], "--text-features", paths[1], "--truth", paths[2]],
            capture_output=True, text=True, check=True)
        whole.append(time.perf_counter() - start)
        scored.append(float(re.search(r"both ways in ([\d.]+) s", run.stderr).group(1)))
print(f"{images} images × {texts} texts of width {width}: scored in {statistics.median(scored):.2f} s, "
      f"with reading the features {statistics.median(whole):.2f} s (medians of 5)")
