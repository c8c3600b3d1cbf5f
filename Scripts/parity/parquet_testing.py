#!/usr/bin/env python3
"""Compares `diptych dataset show` with pyarrow on every Parquet file of folders, such as apache/parquet-testing's.

A file that pyarrow reads has equal rows, or gives one line that says what is not read; every other gives one line.

Usage: parquet_testing.py DIPTYCH FOLDER…
"""
import base64
import datetime
import decimal
import json
import math
import pathlib
import subprocess
import sys
import uuid

import pyarrow
import pyarrow.parquet


def plain(value, type):
    """A value as `dataset show --format jsonl --base64` has it."""
    if value is None:
        return None
    if isinstance(value, uuid.UUID):
        return str(value)
    if isinstance(type, pyarrow.ExtensionType):
        return plain(value, type.storage_type)
    if pyarrow.types.is_struct(type):
        return {field.name: plain(value[field.name], field.type) for field in type}
    if pyarrow.types.is_map(type):
        pairs = [[plain(key, type.key_type), plain(item, type.item_type)] for key, item in value]
        names = [key for key, _ in pairs]
        isText = all(isinstance(name, str) for name in names) and len(set(names)) == len(names)
        return dict(pairs) if isText and pyarrow.types.is_string(type.key_type) else pairs
    if pyarrow.types.is_list(type) or pyarrow.types.is_large_list(type):
        return [plain(item, type.value_type) for item in value]
    if isinstance(value, float):
        return None if not math.isfinite(value) else float(value)
    if isinstance(value, decimal.Decimal):
        return decimal.Decimal(value)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if pyarrow.types.is_timestamp(type):
        return ("time", int(pyarrow.scalar(value, type).value) * {"s": 10**9, "ms": 10**6, "us": 1000, "ns": 1}[type.unit])
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    return value


def equal(ours, theirs):
    if isinstance(theirs, dict):
        return isinstance(ours, dict) and all(equal(ours.get(name), value) for name, value in theirs.items())
    if isinstance(theirs, list):
        return isinstance(ours, list) and len(ours) == len(theirs) and all(map(equal, ours, theirs))
    if isinstance(theirs, decimal.Decimal):
        return ours is not None and decimal.Decimal(str(ours)) == theirs
    if isinstance(theirs, tuple):
        if ours is None:
            return False
        whole, _, fraction = ours.removesuffix("Z").partition(".")
        moment = datetime.datetime.fromisoformat(whole).replace(tzinfo=datetime.timezone.utc)
        seconds = (moment - datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)) // datetime.timedelta(seconds=1)
        return seconds * 10**9 + int((fraction + "0" * 9)[:9]) == theirs[1]
    if isinstance(theirs, float):
        # 16- and 32-bit floats are written by their shortest text.
        return ours is not None and (ours == theirs or math.isclose(ours, theirs, rel_tol=1e-6))
    return ours == theirs or (isinstance(ours, (int, str)) and str(ours) == str(theirs) and not isinstance(theirs, bool))


def flattened(row, fields, prefix=""):
    """Structures outside of lists are dissolved into columns."""
    for field in fields:
        value = None if row is None else row.get(field.name)
        type = field.type.storage_type if isinstance(field.type, pyarrow.ExtensionType) else field.type
        if pyarrow.types.is_struct(type):
            yield from flattened(value, list(type), prefix + field.name + ".")
        else:
            yield prefix + field.name, plain(value, type)


def main():
    diptych, outcomes = sys.argv[1], {}
    for path in sorted(file for folder in sys.argv[2:] for file in pathlib.Path(folder).rglob("*") if ".parquet" in file.name):
        try:
            table = pyarrow.parquet.ParquetFile(path, arrow_extensions_enabled=True, coerce_int96_timestamp_unit="us").read()
            rows = [dict(flattened(row, table.schema)) for row in table.to_pylist(maps_as_pydicts=None)]
            theirs = None
        except Exception as error:
            rows, theirs = None, str(error).splitlines()[0][:70]
        run = subprocess.run(
            [diptych, "dataset", "show", path, "--from-format", "parquet", "--format", "jsonl", "--base64", "--quiet"],
            capture_output=True, text=True, timeout=300)
        lines = run.stderr.splitlines()
        crashed = run.returncode not in (0, 1, 3) or any(len(line) > 2000 for line in lines)
        if crashed:
            outcome = "CRASHED"
        elif run.returncode != 0:
            outcome = "refused alike" if theirs else "refused"
        elif rows is None:
            outcome = "read, and pyarrow does not"
        else:
            ours = [json.loads(line) for line in run.stdout.splitlines()]
            wrong = len(ours) != len(rows) or next(
                ((number, name, mine.get(name), value) for number, (mine, row) in enumerate(zip(ours, rows))
                 for name, value in row.items() if not equal(mine.get(name), value)), None)
            outcome = "DIFFERENT" if wrong else "equal"
            if wrong:
                print(f"{path}: {wrong if wrong is not True else (len(ours), len(rows))}"[:600])
        outcomes.setdefault(outcome, []).append(path.name)
        if outcome in ("refused", "CRASHED", "read, and pyarrow does not"):
            print(f"{path.name}: {outcome}: {(lines or [theirs])[-1][:200]}")
    for outcome, names in sorted(outcomes.items()):
        print(f"{outcome}: {len(names)}")
    sys.exit(1 if {"CRASHED", "DIFFERENT"} & set(outcomes) else 0)


main()
