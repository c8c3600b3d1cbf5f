#!/usr/bin/env python3
"""Searches in a store of vectors, in turn with FAISS: search.py BENCH FOLDER DIMENSION REPORT.

BENCH is the search-bench program, FOLDER holds vectors.f32, queries.f32 and a filled store. The flat index of FAISS is the
yardstick, and its answers are the truth that recall is measured against. All use two threads.
"""
import json
import os
import subprocess
import sys
import time

import faiss
import numpy as np

QUERIES, ROUNDS, BATCH, K = 16, 12, 64, 10
FILTERS = ("width", "height", "bytes", "taken", "folder", "both")


class Diptych:
    def __init__(self, bench, store, queries):
        self.process = subprocess.Popen(
            [bench, "serve", store, queries], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.opening = self.answer()

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit("search-bench ended")
        return json.loads(line)

    def ask(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        return self.answer()

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def recall(found, truth):
    """Of the K nearest, the share that was found."""
    return float(np.mean([len(set(a[:K]) & set(b[:K])) / K for a, b in zip(found, truth)]))


def main():
    bench, folder, dimension, report = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
    faiss.omp_set_num_threads(2)
    vectors = np.memmap(os.path.join(folder, "vectors.f32"), np.float32).reshape(-1, dimension)
    queries = np.fromfile(os.path.join(folder, "queries.f32"), np.float32).reshape(-1, dimension)
    count, chosen = len(vectors), 7
    flat = faiss.IndexFlatIP(dimension)
    for start in range(0, count, 100_000):
        flat.add(np.ascontiguousarray(vectors[start:start + 100_000]))
    part = np.arange(chosen, count, 100)
    filtered_flat = faiss.IndexFlatIP(dimension)
    filtered_flat.add(np.ascontiguousarray(vectors[part]))
    openings, firsts, others = [], [], {name: [] for name in FILTERS}
    for round in range(5):
        diptych = Diptych(bench, os.path.join(folder, "store"), os.path.join(folder, "queries.f32"))
        openings.append(diptych.opening["open_ms"] + diptych.opening["first_ms"])
        firsts.append(diptych.ask(f"one filter{chosen} 0 1")["times"][0])
        for name, times in others.items():
            times.append(diptych.ask(f"one {name} 0 1")["times"][0])
        if round < 4:
            diptych.close()
    fast, exact, filtered, batch, flat_one, flat_batch = [], [], [], [], [], []
    recalls = {"fast": [], "exact": [], "filter": [], "batch": []}
    memory = 0
    for round in range(ROUNDS):
        first = round * QUERIES % len(queries)
        mine = [(first + i) % len(queries) for i in range(QUERIES)]
        truth = []
        flat.search(queries[mine[-1]:mine[-1] + 1], K)
        for i in mine:
            start = time.perf_counter()
            _, ids = flat.search(queries[i:i + 1], K)
            flat_one.append((time.perf_counter() - start) * 1e3)
            truth.append(ids[0].tolist())
        for mode, times in (("fast", fast), ("exact", exact), (f"filter{chosen}", filtered)):
            diptych.ask(f"one {mode} {mine[-1]} 1")
            answer = diptych.ask(f"one {mode} {first} {QUERIES}")
            times += answer["times"]
            if mode.startswith("filter"):
                _, ids = filtered_flat.search(queries[mine], K)
                recalls["filter"].append(recall(answer["ids"], part[ids].tolist()))
                assert all(len(ids) == K for ids in answer["ids"])
            else:
                recalls[mode].append(recall(answer["ids"], truth))
            assert mode != "exact" or answer["exact"]
        first = round * BATCH % len(queries)
        mine = [(first + i) % len(queries) for i in range(BATCH)]
        start = time.perf_counter()
        _, ids = flat.search(queries[mine], K)
        flat_batch.append((time.perf_counter() - start) * 1e3 / BATCH)
        answer = diptych.ask(f"batch fast {first} {BATCH}")
        batch.append(answer["times"][0] / BATCH)
        recalls["batch"].append(recall(answer["ids"], ids.tolist()))
        memory = max(memory, diptych.ask("memory")["resident"])
    diptych.close()

    def row(name, times, against, found):
        p50, p99 = np.percentile(times, 50), np.percentile(times, 99)
        ratio = "" if against is None else f"{np.median(against) / p50:.1f} ×"
        shown = "" if found is None else f"{np.mean(found):.4f}"
        return f"| {name} | {p50:.2f} | {p99:.2f} | {ratio} | {shown} |"

    lines = [
        f"### {count:,} × {dimension}", "",
        "| work | p50, ms a query | p99 | times as fast as FAISS flat | recall@10 |", "| --- | --- | --- | --- | --- |",
        row("FAISS flat, one query", flat_one, None, None),
        row("Diptych, one query", fast, flat_one, recalls["fast"]),
        row("Diptych, one query, filter that keeps 1 %", filtered, flat_one, recalls["filter"]),
        row("The same, the first query in a fresh process", firsts, flat_one, None),
        row("Diptych, one query, `--exact`", exact, flat_one, recalls["exact"]),
        row("FAISS flat, 64 queries at once", flat_batch, None, None),
        row("Diptych, 64 queries at once", batch, flat_batch, recalls["batch"]), "",
        "The first query with a filter lists what passes; later ones know until something is written. First queries with "
        "other filters (search-bench says which), median of 5 processes: "
        + ", ".join(f"{name} {np.median(times):.0f} ms" for name, times in others.items()) + ".", "",
        f"Opening the store to the first answer: {np.median(openings):.0f} ms. Resident memory of Diptych after all of "
        f"this, exact scans too: {memory / 1e6:.0f} MB.", ""]
    text = "\n".join(lines)
    print(text)
    with open(report, "a") as file:
        file.write(text + "\n")


if __name__ == "__main__":
    main()
