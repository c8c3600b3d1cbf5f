#!/usr/bin/env python3
"""Searches in a store of ten million, against FAISS IVF at equal recall: large.py BENCH FOLDER DIMENSION REPORT.

FAISS holds the vectors as 8-bit codes in inverted lists, since floats would not fit beside them. The truth is Diptych's exact mode,
which proves its answers.
"""
import os
import sys
import time

import faiss
import numpy as np

from search import Diptych, recall

K, QUERIES = 10, 64


def main():
    bench, folder, dimension, report = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
    faiss.omp_set_num_threads(2)
    vectors = np.memmap(os.path.join(folder, "vectors.f32"), np.float32).reshape(-1, dimension)
    queries = np.fromfile(os.path.join(folder, "queries.f32"), np.float32).reshape(-1, dimension)[:QUERIES]
    diptych = Diptych(bench, os.path.join(folder, "store"), os.path.join(folder, "queries.f32"))
    opening = diptych.opening["open_ms"] + diptych.opening["first_ms"]
    exact = diptych.ask(f"one exact 0 {QUERIES}")
    diptych.ask(f"one fast 0 {QUERIES}")
    fast = diptych.ask(f"one fast 0 {QUERIES}")
    batch = diptych.ask(f"batch fast 0 {QUERIES}")["times"][0] / QUERIES
    memory = diptych.ask("memory")["resident"]
    diptych.close()
    mine = recall(fast["ids"], exact["ids"])
    rows = [
        f"| Diptych | {np.percentile(fast['times'], 50):.1f} | {mine:.4f} |",
        f"| Diptych, 64 at once | {batch:.1f} | |",
        f"| Diptych, `--exact` | {np.percentile(exact['times'], 50):.1f} | 1 |"]
    index = faiss.index_factory(dimension, "IVF4096,SQ8", faiss.METRIC_INNER_PRODUCT)
    start = time.perf_counter()
    index.train(np.ascontiguousarray(vectors[:: max(1, len(vectors) // 200_000)]))
    for at in range(0, len(vectors), 200_000):
        index.add(np.ascontiguousarray(vectors[at:at + 200_000]))
    built = time.perf_counter() - start
    for probes in (16, 64, 256, 1024):
        index.nprobe = probes
        times, found = [], []
        for query in queries:
            start = time.perf_counter()
            found.append(index.search(query[None], K)[1][0].tolist())
            times.append((time.perf_counter() - start) * 1e3)
        rows.append(f"| FAISS IVF4096,SQ8, nprobe {probes} | {np.percentile(times, 50):.1f} | {recall(found, exact['ids']):.4f} |")
    text = "\n".join([
        f"### {len(vectors):,} × {dimension}", "", "| work | p50, ms a query | recall@10 |", "| --- | --- | --- |", *rows, "",
        f"Diptych opens it to the first answer in {opening:.0f} ms and holds {memory / 1e6:.0f} MB while searching; FAISS took "
        f"{built:.0f} s to build its index, and holds it in memory.", ""])
    print(text)
    with open(report, "a") as file:
        file.write(text + "\n")


main()
