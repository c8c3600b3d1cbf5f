"""Short texts of many lengths: texts a second in batches, and the time of one text, beside transformers.

Usage: texts.py DIPTYCH-BINARY WORK-DIRECTORY REPORT.md
Appends to the report. As in encoders.py contestants take turns in every round, and outputs that disagree end the run.
"""
import os
import pathlib
import random
import statistics
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "Scripts/parity"))

import numpy as np
import torch
from transformers import AutoTokenizer, CLIPModel

import models
from measure import THREADS, cosine_loss, profile_texts, typical

ROUNDS = int(os.environ.get("DIPTYCH_ROUNDS", "7"))
BATCH, BATCHES, SINGLE = 64, 3, 48
LIMITS = {"fp32": 1e-5, "bf16": 2e-3, "int8": 2e-3}  # the largest 1 - cosine to transformers in fp32
SHORTEST, LONGEST, CONTEXT = 3, 20, 77
WORDS = ("a the photo of red blue green small big dog cat car star circle square tree house two three and with on under "
         "left right yellow black white picture street beach night day old new").split()


def sentences(tokenizer, count):
    """Texts of SHORTEST to LONGEST tokens, start and end included, every length about as often."""
    generator, texts = random.Random(7), []
    while len(texts) < count:
        wanted, words = generator.randint(SHORTEST, LONGEST), []
        while True:
            longer = " ".join(words + [generator.choice(WORDS)])
            if len(tokenizer(longer)["input_ids"]) > wanted:
                break
            words = longer.split(" ")
        if words and SHORTEST <= len(tokenizer(" ".join(words))["input_ids"]):
            texts.append(" ".join(words))
    return texts


def embed_texts(diptych, folder, precision, texts, work):
    output = work / "texts.npy"
    subprocess.run([diptych, "embed", "--model", folder, "--precision", precision, "--threads", str(THREADS), "--quiet",
                    "--output", output, *[a for text in texts for a in ("--text", text)]], check=True)
    return np.load(output)


def main():
    diptych, work, report = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    torch.set_num_threads(THREADS)
    folder = models.make("vit-b-32", work)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    texts = sentences(tokenizer, BATCH * BATCHES)
    lengths = [len(ids) for ids in tokenizer(texts)["input_ids"]]
    towers = {name: CLIPModel.from_pretrained(folder, dtype=dtype, attn_implementation="sdpa").eval()
              for name, dtype in (("fp32", torch.float32), ("bf16", torch.bfloat16))}

    def ids(some, padding):
        more = dict(padding="max_length", max_length=CONTEXT) if padding == "77" else dict(padding="longest")
        # Without the mask, which saves transformers some work: attention is causal, so that no text sees its padding.
        return tokenizer(some, return_tensors="pt", **more)["input_ids"]

    batches = [texts[i:i + BATCH] for i in range(0, len(texts), BATCH)]
    inputs = {padding: [ids(some, padding) for some in batches] for padding in ("77", "longest")}
    alone = [ids([text], "longest") for text in texts[:SINGLE]]

    def features(precision, padding):
        return np.concatenate([towers[precision].get_text_features(x).pooler_output.float().numpy() for x in inputs[padding]])

    lines = []

    def say(text=""):
        print(text, flush=True)
        lines.append(text)

    with torch.inference_mode():
        reference = features("fp32", "77")
        losses = {(f"transformers {precision}", padding): cosine_loss(features(precision, padding), reference)
                  for precision in ("fp32", "bf16") for padding in ("77", "longest")}
        for precision in LIMITS:
            losses[(f"Diptych {precision}", "none")] = cosine_loss(
                embed_texts(diptych, folder, precision, texts, work), reference)
        for (name, padding), loss in losses.items():
            limit = LIMITS[name.split()[-1]]
            if not loss <= limit:
                sys.exit(f"benchmark refused: {name}, padding {padding}, disagrees with transformers fp32,"
                         f" 1 - cosine {loss:.2e} > {limit:.0e}")

        rates, single, shares = {}, {}, {}
        for _ in range(ROUNDS):
            for precision, tower in towers.items():
                name = f"transformers {precision}"
                for padding, some in inputs.items():
                    rates.setdefault((name, padding), []).append(len(texts) / typical(
                        lambda: [tower.get_text_features(x) for x in some], passes=1 if padding == "77" else 2))
                single.setdefault(name, []).append(typical(
                    lambda: [tower.get_text_features(x) for x in alone], passes=2) / SINGLE)
            for precision in LIMITS:
                name = f"Diptych {precision}"
                result = profile_texts(diptych, folder, precision, texts, BATCH, work)
                rates.setdefault((name, "none"), []).append(result["texts_per_second"])
                shares.setdefault(name, []).append(result["share_of_limit"])
                result = profile_texts(diptych, folder, precision, texts[:SINGLE], 1, work)
                single.setdefault(name, []).append(1 / result["texts_per_second"])
    median = {key: statistics.median(values) for key, values in rates.items()}
    say()
    say("## Short texts")
    say()
    say(f"ViT-B/32 text tower, {len(texts)} texts of {min(lengths)} to {max(lengths)} tokens (mean {statistics.mean(lengths):.1f}) in"
        f" batches of {BATCH}, ids to embeddings, in a")
    say("running process; transformers without an attention mask, which is faster and gives the same. Diptych pads nothing.")
    say("One text: the mean time of each alone, in batches of 1.")
    say()
    say("| | padding | texts/s | to fp32 at 77 | to fp32 at longest | to bf16 at 77 | to bf16 at longest | share of limit |"
        " one text, ms | 1 - cosine |")
    say("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    peers = [(f"transformers {p}", q) for p in ("fp32", "bf16") for q in ("77", "longest")]
    for (name, padding), rate in median.items():
        ratios = " | ".join(f"{rate / median[peer]:.2f}" for peer in peers)
        share = f"{statistics.median(shares[name]):.0%}" if name in shares else ""
        time = f"{1e3 * statistics.median(single[name]):.1f}" if padding != "77" else ""
        loss = losses[(name, padding)]
        say(f"| {name} | {padding} | {rate:.0f} | {ratios} | {share} | {time} | {loss:.1e} |")
    report.write_text(report.read_text().rstrip("\n") + "\n" + "\n".join(lines) + "\n")


main()
