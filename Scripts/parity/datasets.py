#!/usr/bin/env python3
"""Reads what `diptych store export --layout clip-retrieval` writes with pyarrow, pandas, DuckDB and NumPy, and compares it with
the JSON lines of `diptych store export`.

Usage: datasets.py DIPTYCH WORK-DIRECTORY
"""
import json
import pathlib
import shutil
import subprocess
import sys

import duckdb
import numpy
import pandas
import pyarrow.parquet


def main():
    diptych, work = sys.argv[1], pathlib.Path(sys.argv[2]) / "datasets"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)

    def run(*arguments):
        subprocess.run([diptych, *map(str, arguments)], check=True, stdout=subprocess.DEVNULL)

    run("pictures", "--count", 60, "--seed", 9, "--output", work / "pictures", "--quiet")
    captions = [json.loads(line) for line in (work / "pictures/captions.jsonl").read_text().splitlines()]
    manifest = work / "pictures/manifest.jsonl"
    manifest.write_text("".join(
        json.dumps({"file": row["file"], "n": number, **({"caption": row["caption_zh"]} if number % 3 else {})}) + "\n"
        for number, row in enumerate(captions)))
    store, folder = work / "store", work / "clip-retrieval"
    run("index", "--model", "demo", "--from", manifest, "--store", store, "--quiet")
    run("store", "export", "--store", store, "--output", work / "items.jsonl")
    run("store", "export", "--store", store, "--layout", "clip-retrieval", "--output", folder)

    expected = [json.loads(line) for line in (work / "items.jsonl").read_text().splitlines()]
    table = folder / "metadata/metadata_0.parquet"
    embeddings = numpy.load(folder / "img_emb/img_emb_0.npy")
    assert embeddings.dtype == numpy.float16 and len(embeddings) == len(expected) == 60, embeddings.shape
    reference = numpy.array([row["embedding"] for row in expected], dtype=numpy.float32)
    assert (embeddings == reference.astype(numpy.float16)).all()

    def check(name, rows):
        rows = list(rows)
        assert len(rows) == len(expected), name
        for (path, caption, attributes), row in zip(rows, expected):
            assert path == row["path"], (name, path, row["path"])
            assert (caption or None) == row["attributes"].get("caption"), (name, caption)
            assert json.loads(attributes)["n"] == row["attributes"]["n"], (name, attributes)
        print(f"{name}: {len(rows)} rows as expected")

    names = ["image_path", "caption", "attributes"]
    rows = pyarrow.parquet.read_table(table).to_pylist()
    check("pyarrow " + pyarrow.__version__, ([row[name] for name in names] for row in rows))
    frame = pandas.read_parquet(table)
    frame = frame.astype(object).where(frame.notna(), None)
    check("pandas " + pandas.__version__, frame[names].itertuples(index=False))
    check("DuckDB " + duckdb.__version__, duckdb.sql(f"SELECT image_path, caption, attributes FROM '{table}'").fetchall())


main()
