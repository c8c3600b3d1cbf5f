#!/usr/bin/env python3
"""Chinese-CLIP's, open_clip's and webdataset's own readers on what `diptych dataset convert` writes, and `diptych dataset show`
on what Chinese-CLIP's own script writes, of the same data.

Usage: chinese_clip.py DIPTYCH WORK-DIRECTORY
"""
import base64
import csv
import gc
import io
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys

import lmdb
import pyarrow.parquet
import torch
import webdataset
from PIL import Image

from cn_clip.eval.data import EvalImgDataset, EvalTxtDataset
from cn_clip.training.data import LMDBDataset
from open_clip_train.data import CsvDataset

WORDS = ["红色连衣裙", "一只黑猫", "高意匠", "自行车", "夏季新款", "坐在窗台上", "儿童", "🦊", "“引号”", "纯棉"]
SPLITS = {"train": 240, "valid": 60, "test": 40}


def image(number):
    random.seed(number)
    picture = Image.new("RGB", (random.randint(8, 40), random.randint(8, 40)))
    picture.putdata([tuple(random.randrange(256) for _ in range(3)) for _ in range(picture.width * picture.height)])
    file = io.BytesIO()
    picture.save(file, random.choice(["PNG", "JPEG", "WEBP"]))
    return file.getvalue()


def make(folder):
    """Chinese-CLIP's files: several texts an image, several images a text, texts without images, both alphabets of base64."""
    folder.mkdir(parents=True)
    for place, (split, count) in enumerate(SPLITS.items()):
        random.seed(split)
        ids = random.sample(range(10**9), count)
        with open(folder / f"{split}_imgs.tsv", "w", encoding="utf-8") as file:
            for id in ids:
                encode = base64.urlsafe_b64encode if id % 3 == 0 else base64.b64encode
                file.write(f"{id}\t{encode(image(id)).decode()}\n")
        random.seed(place)
        with open(folder / f"{split}_texts.jsonl", "w", encoding="utf-8") as file:
            for text in range(2 * count):
                chosen = random.sample(ids, random.choice([0, 1, 1, 1, 2, 5]))
                words = "，".join(random.choices(WORDS, k=random.randint(1, 5)))
                file.write(json.dumps(
                    {"text_id": text + place * 100000, "text": words, "image_ids": chosen}, ensure_ascii=False) + "\n")


def entries(folder):
    environment = lmdb.open(str(folder), readonly=True, create=False, lock=False)
    with environment.begin() as transaction:
        return dict(transaction.cursor())


def main():
    diptych, work = sys.argv[1], pathlib.Path(sys.argv[2]) / "chinese-clip"
    shutil.rmtree(work, ignore_errors=True)
    data = work / "data"
    make(data)
    splits = ",".join(SPLITS)

    def run(*arguments):
        return subprocess.run([diptych, "dataset", *map(str, arguments)], check=True, capture_output=True, text=True).stdout

    subprocess.run(
        [sys.executable, "-m", "cn_clip.preprocess.build_lmdb_dataset", "--data_dir", data, "--splits", splits,
         "--lmdb_dir", work / "theirs"], check=True, capture_output=True)
    run("convert", "--to", "lmdb", "--data_dir", data, "--splits", splits, "--lmdb_dir", work / "ours", "--quiet")
    for split in SPLITS:
        for part in ("imgs", "pairs"):
            theirs, ours = entries(work / "theirs" / split / part), entries(work / "ours" / split / part)
            assert theirs == ours, (split, part)
            print(f"{split}/{part}: {len(ours)} keys and values equal, byte for byte")
        theirs, ours = (LMDBDataset(str(work / name / split), split=split, max_txt_length=52) for name in ("theirs", "ours"))
        assert len(theirs) == len(ours) > 0
        for (image1, text1, end1), (image2, text2, end2) in zip(*((d[i] for i in range(len(d))) for d in (theirs, ours))):
            assert torch.equal(image1, image2) and torch.equal(text1, text2) and end1 == end2
        print(f"{split}: LMDBDataset gives {len(ours)} equal pairs")
        # LMDB is opened once a process.
        del theirs, ours
        gc.collect()
        theirs, ours = (EvalImgDataset(str(work / name / split / "imgs")) for name in ("theirs", "ours"))
        for _ in range(len(theirs)):
            (id1, image1), (id2, image2) = theirs[0], ours[0]
            assert id1 == id2 and torch.equal(image1, image2)
        print(f"{split}: EvalImgDataset gives {len(ours)} equal images")
        for dataset in (theirs, ours):
            dataset.env_imgs.close()

    # From another source: files by way of LMDB, opened by the readers of evaluation.
    run("convert", work / "theirs", "--to", "chinese-clip", "--output", work / "files", "--quiet")
    run("convert", data, "--to", "lmdb", "--output", work / "whole", "--quiet")
    for split, count in SPLITS.items():
        lines = lambda folder: sorted((folder / f"{split}_imgs.tsv").read_text().splitlines())
        assert lines(data) == lines(work / "files")
        texts = EvalTxtDataset(str(data / f"{split}_texts.jsonl"), max_txt_length=52)
        ours = EvalTxtDataset(str(work / "whole" / f"{split}_texts.jsonl"), max_txt_length=52)
        assert texts.texts == ours.texts and len(ours) == 2 * count
    print("EvalTxtDataset gives equal texts, with those that have no image")

    # What the script wrote, read by us.
    original = {}
    for split in SPLITS:
        for line in (data / f"{split}_imgs.tsv").read_text().splitlines():
            id, text = line.split("\t")
            original[split, int(id)] = base64.urlsafe_b64decode(text), []
        for line in (data / f"{split}_texts.jsonl").read_text().splitlines():
            row = json.loads(line)
            for id in row["image_ids"]:
                original[split, id][1].append((row["text_id"], row["text"]))
    rows = [json.loads(line) for line in run("show", work / "theirs", "--format", "jsonl", "--base64").splitlines()]
    assert len(rows) == len(original)
    for row in rows:
        bytes, texts = original[row["split"], row["image_id"]]
        assert base64.b64decode(row["image"]) == bytes
        assert list(zip(row["text_ids"], row["texts"])) == texts
    print(f"dataset show gives the {len(rows)} rows of the script's LMDB")

    # open_clip, webdataset and pyarrow on the other formats.
    run("convert", data, "--to", "tsv", "--output", work / "tsv", "--absolute-paths", "--quiet")
    table = CsvDataset(str(work / "tsv/train.tsv"), lambda picture: picture, "filepath", "title", "\t", lambda texts: texts)
    pairs = sum(len(texts) for (split, _), (_, texts) in original.items() if split == "train")
    alone = sum(not texts for (split, _), (_, texts) in original.items() if split == "train")
    assert len(table) == pairs + alone, (len(table), pairs, alone)
    with open(work / "tsv/train.tsv", newline="", encoding="utf-8") as file:
        for number, row in enumerate(csv.DictReader(file, delimiter="\t")):
            bytes, texts = original["train", int(row["image_id"])]
            assert open(row["filepath"], "rb").read() == bytes
            assert row["title"] in [text for _, text in texts] + [""]
            assert table[number][0].size == Image.open(io.BytesIO(bytes)).size
    print(f"open_clip's CsvDataset gives {len(table)} pairs")
    run("convert", data, "--to", "webdataset", "--output", work / "shards", "--shard-count", 50, "--quiet")
    shards = sorted(str(path) for path in (work / "shards").glob("train-*.tar"))
    assert len(shards) == 5
    count = 0
    for sample in webdataset.WebDataset(shards, shardshuffle=False):
        row = json.loads(sample["json"])
        bytes, texts = original["train", row["image_id"]]
        kind = next(name for name in ("png", "jpg", "webp") if name in sample)
        assert sample[kind] == bytes and row["texts"] == [text for _, text in texts]
        assert sample.get("txt", b"").decode() == (texts[0][1] if texts else "")
        count += 1
    assert count == SPLITS["train"]
    print(f"webdataset gives {count} samples of {len(shards)} shards")
    run("convert", data, "--to", "parquet", "--output", work / "parquet", "--quiet")
    for split, count in SPLITS.items():
        rows = pyarrow.parquet.read_table(work / f"parquet/{split}.parquet").to_pylist()
        assert len(rows) == count
        for row in rows:
            bytes, texts = original[split, row["image_id"]]
            assert row["image"]["bytes"] == bytes and row["texts"] == [text for _, text in texts]
    print("pyarrow reads image{bytes, path} and list<string> of every row")


main()
