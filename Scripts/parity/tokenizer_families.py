"""Compares the tokenisers beyond CLIP's with the reference implementations at full size, and times both. On demand.

BERT's vocabulary is bert-base-chinese's, from the installed cn_clip, and nothing of it is kept; those of SigLIP and SigLIP 2
are made here, of the published sizes. Run with the reference environment's Python, which also needs sentencepiece:

    python Scripts/parity/tokenizer_families.py [number of strings, 20000 unless told]
"""

import os
import random
import shutil
import string
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, f"{ROOT}/Scripts/fixtures")
os.environ["TOKENIZERS_PARALLELISM"] = "false"
import tokenizer_families as fixtures  # noqa: E402
import tokenizer_strings as strings  # noqa: E402


def gemma_pieces(rng):
    """About 256,000 pieces that can be merged in half a million ways, as many as Gemma's."""
    letters = string.ascii_lowercase
    pieces = [*letters, *string.ascii_uppercase, *string.digits, *string.punctuation, fixtures.MARK]
    pieces += [chr(c) for c in range(0x4E00, 0x9000)] + [chr(c) for c in range(0xC0, 0x530) if chr(c).isalpha()]
    for word in {w for text in fixtures.corpus(13, 2000) for w in text.split()}:
        pieces += [fixtures.MARK * start + word[:end] for start in (0, 1) for end in range(1, len(word) + 1)]
    two = [a + b for a in letters for b in letters]
    three = [a + b for a in two for b in letters]
    pieces += two + three + [fixtures.MARK + piece for piece in [*letters, *two, *three]]
    while len(pieces) < 262_000:
        a, b = rng.choice(three), rng.choice(three)
        pieces += [a + b[0], a + b[:2], a + b]
    # Pieces of which the parts are not pieces themselves cannot be made, and are as rare as in Gemma's.
    return list(dict.fromkeys(pieces))[:255_000]


def captions(rng, count):
    kinds = [lambda: strings.sentence(rng, 4, 14), lambda: "".join(rng.choice(strings.CHINESE) for _ in range(rng.randrange(4, 14)))]
    return [rng.choice(kinds)() for _ in range(count)]


def speed(name, texts, encode):
    start = time.perf_counter()
    for text in texts:
        encode(text)
    size = sum(len(text.encode()) for text in texts)
    print(f"{name}: the reference does {size / (time.perf_counter() - start) / 1e6:.2f} MB/s, one thread", flush=True)


def main(count):
    from cn_clip.clip.bert_tokenizer import default_vocab
    from transformers import BertTokenizer, PreTrainedTokenizerFast, Siglip2Tokenizer, SiglipTokenizer
    rng = random.Random(31)
    folder = tempfile.mkdtemp(prefix="tokenizer-families-")
    try:
        texts = strings.families(count, 32)
        fixtures.write_texts(f"{folder}/families.texts.gz", texts)
        quick = captions(rng, 30_000)
        fixtures.write_texts(f"{folder}/captions.texts.gz", quick)

        os.makedirs(f"{folder}/wordpiece")
        shutil.copy(default_vocab(), f"{folder}/wordpiece/vocab.txt")
        tokenizer = BertTokenizer.from_pretrained(f"{folder}/wordpiece")
        encode = fixtures.chinese_clip(default_vocab())
        fixtures.write_ids(f"{folder}/wordpiece.huggingface.ids.gz", texts, fixtures.fast(tokenizer), 52, "I")
        fixtures.write_ids(f"{folder}/wordpiece.original.ids.gz", texts, encode, 52, "I")
        speed("wordpiece.huggingface", quick, lambda text: tokenizer._tokenizer.encode(text).ids)
        speed("wordpiece.original", quick[:5000], encode)

        os.makedirs(f"{folder}/unigram")
        model = fixtures.siglip_model(f"{folder}/spiece", 32_000, normalization_rule_name="nmt_nfkc")
        fixtures.siglip_json(model, f"{folder}/unigram/tokenizer.json")
        print("unigram:", len(model.pieces), "pieces", os.path.getsize(f"{folder}/unigram/tokenizer.json"), "bytes")
        settings = {"tokenizer_class": "SiglipTokenizer", "model_max_length": 64, "eos_token": "</s>", "pad_token": "</s>", "unk_token": "<unk>"}
        fixtures.write_json(f"{folder}/unigram/tokenizer_config.json", settings)
        tokenizer = PreTrainedTokenizerFast.from_pretrained(f"{folder}/unigram")
        fixtures.write_ids(f"{folder}/unigram.ids.gz", texts, fixtures.fast(tokenizer), 64, "I")
        speed("unigram", quick, lambda text: tokenizer._tokenizer.encode(text).ids)
        slow = SiglipTokenizer(f"{folder}/spiece.model")
        same = sum(slow(text)["input_ids"] == tokenizer(text)["input_ids"] for text in texts)
        plain = sum(slow(text)["input_ids"] == tokenizer(text)["input_ids"] for text in quick)
        print(f"unigram: transformers' slow SiglipTokenizer agrees with tokenizer.json on {same} of {len(texts)} hard strings, "
              f"{plain} of {len(quick)} captions", flush=True)

        os.makedirs(f"{folder}/gemma")
        fixtures.gemma_json(gemma_pieces(rng), f"{folder}/gemma/tokenizer.json")
        print("gemma:", os.path.getsize(f"{folder}/gemma/tokenizer.json"), "bytes")
        fixtures.write_json(f"{folder}/gemma/tokenizer_config.json", {
            "tokenizer_class": "Siglip2Tokenizer", "add_eos_token": True, "add_bos_token": False, "model_max_length": 64,
            "eos_token": "<eos>", "pad_token": "<pad>", "bos_token": "<bos>", "unk_token": "<unk>"})
        start = time.perf_counter()
        tokenizer = Siglip2Tokenizer.from_pretrained(f"{folder}/gemma")
        print(f"gemma: {len(tokenizer)} pieces, the reference loads in {time.perf_counter() - start:.2f} s", flush=True)
        fixtures.write_ids(f"{folder}/gemma.ids.gz", texts, fixtures.fast(tokenizer), 64, "I")
        speed("gemma", quick, lambda text: tokenizer._tokenizer.encode(text).ids)

        if os.environ.get("DIPTYCH_FAMILY_KEEP"):
            shutil.copytree(folder, os.environ["DIPTYCH_FAMILY_KEEP"], dirs_exist_ok=True)
        command = ["swift", "test", "-c", "release", "--filter", "FullSizeFamilyTests"]
        return subprocess.run(command, cwd=ROOT, env={**os.environ, "DIPTYCH_FAMILY_PARITY": folder}).returncode
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 20000))
