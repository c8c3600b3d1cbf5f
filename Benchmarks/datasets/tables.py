#!/usr/bin/env python3
"""Joins of three sources that are saved as a version: JSON in a tar archive, a Parquet file, and vectors in a NumPy archive, by their
stem. Diptych joins ROWS of them; then Diptych and DataChain join PEER_ROWS, in turn. Prints seconds, peak memory and the ratio.

Usage: tables.py DIPTYCH WORK-DIRECTORY [ROWS] [PEER_ROWS] [ROUNDS]

A row: {"caption", "width", "height", "source"} of the archive; stem, url, score, label, lang, ok of the Parquet file; stem and 64
floats of the NumPy archive, which are referred to and not copied. DataChain is given the archive's JSON as a data frame that plain
Python read, and the vectors as row numbers: reading files one by one, as its own reader does, takes it longer.
"""
import json
import os
import pathlib
import resource
import shutil
import statistics
import subprocess
import sys
import textwrap
import time

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq


def header(name, size):
    block = bytearray(512)
    block[: len(name)] = name
    block[100:108], block[108:116], block[116:124] = b"0000644\0", b"0000000\0", b"0000000\0"
    block[124:136], block[136:148], block[148:156], block[156] = b"%011o\0" % size, b"00000000000\0", b" " * 8, 48
    block[257:265] = b"ustar\x0000"
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def make(folder, count):
    folder.mkdir(parents=True)
    with open(folder / "meta.tar", "wb", buffering=1 << 20) as tar:
        for i in range(count):
            body = json.dumps(
                {"caption": f"a picture of number {i}", "width": 640 + i % 7, "height": 480, "source": "made"}).encode()
            tar.write(header(b"%09d.json" % i, len(body)) + body + b"\0" * (-len(body) % 512))
        tar.write(b"\0" * 1024)
    stems = [f"{i:09d}" for i in range(count)]
    random = np.random.default_rng(1)
    pq.write_table(
        pa.table({
            "stem": stems, "url": [f"https://example.org/{i}.jpg" for i in range(count)], "score": random.random(count),
            "label": random.integers(0, 1000, count), "lang": np.array(["en", "zh"])[random.integers(0, 2, count)],
            "ok": random.random(count) > 0.5}),
        folder / "rows.parquet", row_group_size=100_000)
    np.savez(folder / "features.npz", stem=np.array(stems), vector=random.standard_normal((count, 64), dtype=np.float32))


DATACHAIN = """
    import io, json, sys, tarfile, numpy as np, pandas as pd, datachain as dc
    folder = sys.argv[1]
    rows = []
    with tarfile.open(folder + "/meta.tar") as tar:
        for member in tar:
            rows.append({"key": member.name[:-5], **json.loads(tar.extractfile(member).read())})
    meta = dc.read_pandas(pd.DataFrame(rows), column="meta")
    table = dc.read_pandas(pd.read_parquet(folder + "/rows.parquet"), column="table")
    stems = np.load(folder + "/features.npz")["stem"]
    vectors = dc.read_pandas(pd.DataFrame({"stem": stems, "row": range(len(stems))}), column="vector")
    joined = meta.merge(table, on="meta.key", right_on="table.stem", inner=True)
    joined = joined.merge(vectors, on="meta.key", right_on="vector.stem", inner=True)
    print(joined.save("joined").count())
"""


def run(arguments, environment):
    """Seconds, and the peak of the process' memory in MiB."""
    start = time.perf_counter()
    process = subprocess.Popen(
        [str(a) for a in arguments], env={**os.environ, **environment}, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    output, errors = process.stdout.read(), process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{arguments}: {errors.decode()[-2000:]}")
    return time.perf_counter() - start, usage.ru_maxrss / 1024, output.decode()


def ours(diptych, data, work):
    shutil.rmtree(work / "catalog", ignore_errors=True)
    environment = {"DIPTYCH_CATALOG": str(work / "catalog")}
    first = run([diptych, "dataset", "join", data / "meta.tar", data / "rows.parquet", "--on", "key = stem", "--save", "pairs",
                 "--quiet"], environment)
    second = run([diptych, "dataset", "join", "pairs", data / "features.npz", "--on", "key = stem", "--save", "joined", "--quiet"],
                 environment)
    return first[0] + second[0], max(first[1], second[1]), second[2].strip()


def theirs(data, work):
    shutil.rmtree(work / "datachain", ignore_errors=True)
    (work / "datachain").mkdir()
    environment = {"DATACHAIN_ROOT_DIR": str(work / "datachain"), "DATACHAIN_NO_ANALYTICS": "1"}
    return run([sys.executable, "-c", textwrap.dedent(DATACHAIN), data], environment)


def main():
    diptych, work = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve() / "tables"
    rows, peer_rows, rounds = (int(a) for a in (sys.argv[3:6] + ["1000000", "100000", "3"][len(sys.argv[3:6]):]))
    shutil.rmtree(work, ignore_errors=True)
    make(work / "large", rows)
    seconds, memory, said = ours(diptych, work / "large", work)
    print(f"join of three sources, {rows:,} rows: {seconds:.1f} s, peak {memory:.0f} MiB ({said})")
    shutil.rmtree(work / "large")
    try:
        import datachain  # noqa: F401
    except ImportError:
        return print("DataChain is not installed; no ratio")
    make(work / "small", peer_rows)
    times = {"diptych": [], "datachain": []}
    for _ in range(rounds):
        times["diptych"].append(ours(diptych, work / "small", work)[0])
        times["datachain"].append(theirs(work / "small", work)[0])
    mine, peer = (statistics.median(times[name]) for name in ("diptych", "datachain"))
    print(f"{peer_rows:,} rows: diptych {mine:.2f} s, datachain {peer:.1f} s, {peer / mine:.1f} times as fast")


main()
