#!/usr/bin/env python3
"""Rows of a Parquet file of six columns, all values made: Diptych on two threads, pyarrow into Arrow's columns and into Python's rows,
DuckDB into an aggregate that reads every column. In turn in one run; prints rows a second and ratios.

Usage: scan.py DATASET-BENCH WORK-DIRECTORY [ROWS] [ROUNDS]
"""
import pathlib
import re
import statistics
import subprocess
import sys
import time

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq


def main():
    bench, work = sys.argv[1], pathlib.Path(sys.argv[2])
    count, rounds = (int(a) for a in (sys.argv[3:5] + ["1000000", "5"][len(sys.argv[3:5]):]))
    work.mkdir(parents=True, exist_ok=True)
    path, random = str(work / "scan.parquet"), np.random.default_rng(1)
    pq.write_table(
        pa.table({
            "stem": [f"{i:09d}" for i in range(count)], "url": [f"https://example.org/{i}.jpg" for i in range(count)],
            "score": random.random(count), "label": random.integers(0, 1000, count),
            "lang": np.array(["en", "zh"])[random.integers(0, 2, count)], "ok": random.random(count) > 0.5}),
        path, row_group_size=100_000)
    pa.set_cpu_count(2)

    def timed(body):
        start = time.perf_counter()
        body()
        return count / (time.perf_counter() - start)

    def ours():
        output = subprocess.run([bench, "scan", path, "2", "1"], check=True, capture_output=True, text=True).stdout
        return int(re.search(r"(\d+) rows/s", output)[1])

    database = duckdb.connect(config={"threads": 2})
    query = "SELECT max(stem), max(url), sum(score), sum(label), max(lang), sum(ok::int) FROM read_parquet(?)"
    contenders = {
        "diptych": ours,
        "pyarrow, columns": lambda: timed(lambda: pq.read_table(path)),
        "pyarrow, rows": lambda: timed(lambda: pq.read_table(path).to_pylist()),
        "duckdb, an aggregate": lambda: timed(lambda: database.execute(query, [path]).fetchall()),
    }
    rates = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, run in contenders.items():
            rates[name].append(run())
    medians = {name: statistics.median(some) for name, some in rates.items()}
    for name, rate in medians.items():
        print(f"{name}: {rate:,.0f} rows/s, {medians['diptych'] / rate:.2f} of it is diptych's")


main()
