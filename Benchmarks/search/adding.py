#!/usr/bin/env python3
"""Adds items to a large store while another process searches: adding.py BENCH FOLDER DIMENSION REPORT.

Prints how long it takes until the last of 1,000 new items is found, and the longest search meanwhile. The items are new
each time: vectors of the store in reverse, under other names.
"""
import json
import os
import subprocess
import sys
import time

import numpy as np

from search import Diptych

COUNT, ROUNDS = 1000, 5


def main():
    bench, folder, dimension, report = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
    store = os.path.join(folder, "store")
    vectors = np.memmap(os.path.join(folder, "vectors.f32"), np.float32).reshape(-1, dimension)
    random = np.random.default_rng(int(time.time()))
    diptych = Diptych(bench, store, os.path.join(folder, "queries.f32"))
    quiet = diptych.ask("one fast 0 200")["times"]
    visible, meanwhile = [], []
    for _ in range(ROUNDS):
        rows = vectors[random.integers(0, len(vectors), COUNT)] + random.normal(0, 0.01, (COUNT, dimension))
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        path = os.path.join(folder, "new.f32")
        rows.astype("<f4").tofile(path)
        adding = subprocess.Popen([bench, "add", store, path, str(time.time_ns())], stdout=subprocess.PIPE, text=True)
        while adding.poll() is None:
            meanwhile += diptych.ask("one fast 0 5")["times"]
        visible.append(json.loads(adding.stdout.read())["found_ms"])
    diptych.close()
    text = "\n".join([
        f"### Adding {COUNT:,} items to {len(vectors):,} × {dimension}", "",
        f"From the first byte stored to the answer that holds the last item: {np.median(visible):.0f} ms (median of {ROUNDS}). "
        f"Searches of another process meanwhile: p50 {np.percentile(meanwhile, 50):.1f} ms, longest {max(meanwhile):.1f} ms "
        f"of {len(meanwhile)}; without adding p50 {np.percentile(quiet, 50):.1f} ms, longest {max(quiet):.1f} ms.", ""])
    print(text)
    with open(report, "a") as file:
        file.write(text + "\n")


main()
