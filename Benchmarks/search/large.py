#!/usr/bin/env python3
"""Searches in a store of millions, against FAISS IVF at equal recall: large.py BENCH FOLDER DIMENSION COUNT REPORT.

The vectors are never on the disk: they are made chunk by chunk (data.py), and each chunk goes to a new store through a pipe and
to FAISS, which holds them in memory as 8-bit codes in inverted lists, since floats would not fit beside them. The truth is
Diptych's exact mode, which proves its answers.

Filling stops early, with what is there, when less than DIPTYCH_BENCH_RESERVE GB of the disk would stay free (default
15) or after DIPTYCH_BENCH_SECONDS (default none).
"""
import os
import queue
import shutil
import subprocess
import sys
import threading
import time

import faiss
import numpy as np

from data import CHUNK, model
from search import Diptych, recall

K, QUERIES, TRAINING, WAITING = 10, 64, 3, 24
FACTORY = "IVF4096_HNSW32,SQ8"


class Filling:
    """A store that is filled by another process, at most a few chunks behind."""

    def __init__(self, bench, folder, dimension):
        self.folder = folder
        self.process = subprocess.Popen(
            [bench, "fill", os.path.join(folder, "store"), "-", str(dimension)], stdin=subprocess.PIPE)
        self.chunks = queue.Queue(8)
        self.thread = threading.Thread(target=self.write)
        self.start, self.count = time.monotonic(), 0
        self.thread.start()

    def write(self):
        while (rows := self.chunks.get()) is not None:
            if self.process.poll() is None:
                self.process.stdin.write(memoryview(rows).cast("B"))

    def add(self, rows):
        self.chunks.put(np.ascontiguousarray(rows, "<f4"))
        self.count += len(rows)

    def must_stop(self):
        reserve = float(os.environ.get("DIPTYCH_BENCH_RESERVE", 15)) * 1e9
        seconds = float(os.environ.get("DIPTYCH_BENCH_SECONDS", "inf"))
        # What is on its way needs room too.
        free = shutil.disk_usage(self.folder).free - 12 * CHUNK * 4096
        return free < reserve or time.monotonic() - self.start > seconds

    def finish(self):
        self.chunks.put(None)
        self.thread.join()
        self.process.stdin.close()
        if self.process.wait() != 0:
            raise SystemExit("search-bench could not fill the store")
        return time.monotonic() - self.start


def build(bench, folder, dimension, count):
    """The index of FAISS and, where there is none yet, the store; queries, the vectors in both, and the seconds to fill it."""
    pictures = model(count, dimension)
    queries = pictures.queries(2 * QUERIES)
    queries.tofile(os.path.join(folder, "queries.f32"))
    mark = os.path.join(folder, ".filled")
    filling = None
    if os.path.exists(mark):
        count = int(open(mark).read())
    else:
        shutil.rmtree(os.path.join(folder, "store"), ignore_errors=True)
        filling = Filling(bench, folder, dimension)
    index = faiss.index_factory(dimension, FACTORY, faiss.METRIC_INNER_PRODUCT)
    faiss.downcast_index(index.quantizer).hnsw.efSearch = 64
    waiting, training = [], None
    for start in range(0, count, CHUNK):
        rows = pictures.chunk(start, count)
        if filling:
            filling.add(rows)
        waiting.append(rows)
        if training is None and (len(waiting) == TRAINING or start + CHUNK >= count):
            # Meanwhile the store goes on.
            training = threading.Thread(target=index.train, args=(np.concatenate(waiting),))
            training.start()
        if training is None or (training.is_alive() and len(waiting) < WAITING and start + CHUNK < count):
            continue
        training.join()
        for rows in waiting:
            index.add(rows)
        waiting = []
        if filling and filling.must_stop():
            break
    filled = None
    if filling:
        filled = filling.finish()
        with open(mark, "w") as file:
            file.write(str(filling.count))
    return index, queries[:QUERIES], index.ntotal, filled


def bytes_of(folder):
    return sum(
        os.stat(os.path.join(root, name)).st_blocks * 512 for root, _, names in os.walk(folder) for name in names)


def main():
    bench, folder, dimension, count, report = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5]
    faiss.omp_set_num_threads(2)
    os.makedirs(folder, exist_ok=True)
    index, queries, count, filled = build(bench, folder, dimension, count)
    store = os.path.join(folder, "store")
    diptych = Diptych(bench, store, os.path.join(folder, "queries.f32"))
    opening = diptych.opening["open_ms"] + diptych.opening["first_ms"]
    cold = diptych.ask(f"one fast 0 {QUERIES}")
    first_filter = diptych.ask("one filter7 0 1")["times"][0]
    filtered = diptych.ask(f"one filter7 0 {QUERIES}")
    fast = diptych.ask(f"one fast 0 {QUERIES}")
    batch = diptych.ask(f"batch fast 0 {QUERIES}")["times"][0] / QUERIES
    exact = diptych.ask(f"one exact 0 {QUERIES}")
    memory = diptych.ask("memory")["resident"]
    diptych.close()
    assert exact["exact"]
    assert all(len(ids) == K and all(id % 100 == 7 for id in ids) for ids in filtered["ids"])

    def row(name, times, found):
        p50, p99 = np.percentile(times, 50), np.percentile(times, 99)
        return f"| {name} | {p50:.1f} | {p99:.1f} | {found} |"

    rows = [
        row("Diptych, one query, each for the first time", cold["times"], f"{recall(cold['ids'], exact['ids']):.4f}"),
        row("Diptych, one query", fast["times"], f"{recall(fast['ids'], exact['ids']):.4f}"),
        row("Diptych, one query, filter that keeps 1 %", filtered["times"], ""),
        f"| Diptych, {QUERIES} queries at once | {batch:.1f} | | |",
        row("Diptych, one query, `--exact`", exact["times"], "1")]
    for probes in (4, 16, 64, 256, 1024):
        index.nprobe = probes
        index.search(queries[:4], K)
        times, found = [], []
        for query in queries:
            start = time.perf_counter()
            found.append(index.search(query[None], K)[1][0].tolist())
            times.append((time.perf_counter() - start) * 1e3)
        rows.append(row(f"FAISS {FACTORY}, nprobe {probes}", times, f"{recall(found, exact['ids']):.4f}"))
    took = f" Filling it took {filled:.0f} s, while FAISS was fed with the same chunks." if filled else ""
    text = "\n".join([
        f"### {count:,} × {dimension}", "",
        "| work | p50, ms a query | p99 | recall@10 |", "| --- | --- | --- | --- |", *rows, "",
        f"The store takes {bytes_of(store) / 1e9:.1f} GB (pages of 16 KB, contents numbered in place of hashed).{took} Diptych "
        f"opens it to the first answer in {opening:.0f} ms, lists what passes a filter that keeps 1 % in {first_filter:.0f} ms "
        f"once, and holds {memory / 1e6:.0f} MB while searching, exact scans too. FAISS holds "
        f"{index.ntotal * (dimension + 8) / 1e9:.1f} GB in memory.", ""])
    print(text)
    with open(report, "a") as file:
        file.write(text + "\n")


main()
