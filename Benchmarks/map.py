"""Makes the map of a store of COUNT embeddings of 512 numbers in 200 clusters, and prints its time, its memory and how well it keeps
neighbours, beside umap-learn's on the same rows where `--peer` asks for it.

    map.py DIPTYCH [--count 100000] [--threads 2] [--peer]

How well: the share of 2,000 rows' 10 nearest rows that are among the 30 nearest on the map, and the share of points whose nearest point is
of their cluster. The embeddings are said to be of a tiny open_clip model of that width. The peer umap-learn is put into .build/map.
"""
import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time

import numpy as np

CLUSTERS, WIDTH = 200, 512


def rows(count):
    """Each cluster is a cloud of some twenty dimensions, as embeddings of one kind of picture are."""
    rng = np.random.default_rng(5)
    middles = rng.standard_normal((CLUSTERS, WIDTH)).astype(np.float32)
    spreads = rng.standard_normal((CLUSTERS, 20, WIDTH)).astype(np.float32) * 0.25
    labels = rng.integers(0, CLUSTERS, count)
    made = middles[labels] + 0.05 * rng.standard_normal((count, WIDTH)).astype(np.float32)
    for cluster in range(CLUSTERS):
        own = labels == cluster
        made[own] += rng.standard_normal((own.sum(), 20)).astype(np.float32) @ spreads[cluster]
    return made / np.linalg.norm(made, axis=1, keepdims=True), labels


def write(folder, values):
    import pyarrow
    import pyarrow.parquet
    os.makedirs(os.path.join(folder, "img_emb"))
    os.makedirs(os.path.join(folder, "metadata"))
    np.save(os.path.join(folder, "img_emb", "img_emb_0.npy"), values.astype(np.float16))
    paths = [f"/pictures/{number:07}.jpg" for number in range(len(values))]
    pyarrow.parquet.write_table(pyarrow.table({"image_path": paths}), os.path.join(folder, "metadata", "metadata_0.parquet"))


def tiny(folder):
    """A model whose embeddings are as wide."""
    import open_clip
    import shutil
    import torch
    sizes = dict(
        embed_dim=WIDTH, vision_cfg=dict(image_size=32, layers=1, width=32, head_width=16, patch_size=8),
        text_cfg=dict(context_length=20, vocab_size=49408, width=32, heads=2, layers=1))
    os.makedirs(folder)
    torch.save(open_clip.CLIP(**sizes).state_dict(), os.path.join(folder, "open_clip_pytorch_model.bin"))
    with open(os.path.join(folder, "open_clip_config.json"), "w") as file:
        json.dump({"model_cfg": sizes, "preprocess_cfg": {
            "mean": [0.5] * 3, "std": [0.5] * 3, "interpolation": "bicubic", "resize_mode": "shortest", "size": [32, 32], "mode": "RGB"}}, file)
    shutil.copy(os.path.join(os.path.dirname(open_clip.__file__), "bpe_simple_vocab_16e6.txt.gz"), folder)
    return folder


def quality(values, points, labels):
    chosen = np.random.default_rng(1).choice(len(values), min(2000, len(values)), replace=False)
    kept, same = 0, 0
    for start in range(0, len(chosen), 200):
        some = chosen[start:start + 200]
        scores = values[some] @ values.T
        away = ((points[some][:, None, :] - points[None]) ** 2).sum(-1)
        for place, row in enumerate(some):
            scores[place, row], away[place, row] = -np.inf, np.inf
            near = np.argpartition(-scores[place], 10)[:10]
            shown = np.argpartition(away[place], 30)[:30]
            kept += np.isin(near, shown).sum()
            same += labels[away[place].argmin()] == labels[row]
    return kept / len(chosen) / 10, same / len(chosen)


def run(command):
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    output, errors = process.stdout.read(), process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(errors[-800:])
    return output.strip(), usage.ru_maxrss / 1024


def peer(values, labels, threads):
    folder = os.path.join(".build", "map")
    python = os.path.join(folder, "bin", "python")
    if not os.path.exists(python):
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "umap-learn"], check=True)
    with tempfile.TemporaryDirectory() as room:
        np.save(os.path.join(room, "rows.npy"), values)
        code = ("import sys, time, numpy as np, umap\n"
                "rows = np.load(sys.argv[1]); umap.UMAP(n_epochs=2).fit_transform(rows[:500]); began = time.time()\n"
                f"points = umap.UMAP(metric='cosine', n_jobs={threads}).fit_transform(rows)\n"
                "print(time.time() - began); np.save(sys.argv[2], points)")
        output, memory = run([python, "-W", "ignore", "-c", code, os.path.join(room, "rows.npy"), os.path.join(room, "points.npy")])
        points = np.load(os.path.join(room, "points.npy"))
    kept, same = quality(values, points, labels)
    print(f"umap-learn: {float(output.splitlines()[-1]):.1f} s (compiled before), {memory:.0f} MiB, neighbours kept {kept:.3f}, "
          f"nearest of the same cluster {same:.3f}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("diptych")
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--peer", action="store_true")
    arguments = parser.parse_args()
    values, labels = rows(arguments.count)
    with tempfile.TemporaryDirectory() as folder:
        source, store = os.path.join(folder, "rows"), os.path.join(folder, "store")
        write(source, values)
        run([arguments.diptych, "index", "--from-clip-retrieval", source, "--store", store, "--model", tiny(os.path.join(folder, "model")),
             "--quiet"])
        output = os.path.join(folder, "map.jsonl")
        began = time.perf_counter()
        said, memory = run([arguments.diptych, "store", "map", "--store", store, "--output", output, "--quiet", "--threads",
                            str(arguments.threads)])
        seconds = time.perf_counter() - began
        points = np.zeros((arguments.count, 2), np.float32)
        with open(output) as file:
            for line in file:
                item = json.loads(line)
                points[int(os.path.basename(item["path"])[:7])] = item["x"], item["y"]
    kept, same = quality(values, points, labels)
    print(f"{arguments.count} rows, {arguments.threads} threads")
    print(f"Diptych: {seconds:.1f} s for the whole command ({said}), {memory:.0f} MiB, neighbours kept {kept:.3f}, "
          f"nearest of the same cluster {same:.3f}")
    if arguments.peer:
        peer(values, labels, arguments.threads)


if __name__ == "__main__":
    main()
