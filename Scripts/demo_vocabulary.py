"""The demo model's vocabulary: byte-level BPE merges learned on captions, written as CLIP lays them out."""

import json

from tokenizers import Regex, Tokenizer, normalizers, pre_tokenizers
from tokenizers.models import BPE
from tokenizers.trainers import BpeTrainer
from transformers import CLIPTokenizer

VOCABULARY = 1200  # tokens at most
START, END = "<|startoftext|>", "<|endoftext|>"
# CLIP's own word pattern; numbers are split into digits, letters of any script run together.
WORDS = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"


def byte_letters():
    """The 256 printable letters that stand for bytes, in the order of the original CLIP vocabulary."""
    kept = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = [byte for byte in range(256) if byte not in kept]
    return [chr(byte) for byte in kept] + [chr(256 + index) for index in range(len(others))]


def train_tokenizer(texts, folder, context):
    """Learns merges on the captions and writes vocab.json, merges.txt and tokenizer.json as CLIP lays them out."""
    learner = Tokenizer(BPE(end_of_word_suffix="</w>"))
    learner.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Lowercase()])
    learner.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(WORDS), behavior="removed", invert=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    letters = byte_letters()
    trainer = BpeTrainer(
        vocab_size=VOCABULARY,
        end_of_word_suffix="</w>",
        initial_alphabet=letters,
        max_token_length=8,  # up to two Chinese characters: longer pieces of phrases would not meet again in a query
        show_progress=False,
    )
    learner.train_from_iterator(texts, trainer)
    merges = [tuple(merge) for merge in json.loads(learner.to_str())["model"]["merges"]]
    # As in CLIP: each byte, each byte at the end of a word, the merges in order, the two special tokens.
    base = letters + [letter + "</w>" for letter in letters]
    merges = merges[: VOCABULARY - len(base) - 2]
    tokens = list(dict.fromkeys(base + [first + second for first, second in merges])) + [START, END]
    vocabulary = {token: number for number, token in enumerate(tokens)}
    tokenizer = CLIPTokenizer(vocab=vocabulary, merges=merges, model_max_length=context)
    tokenizer.save_pretrained(folder)
    (folder / "vocab.json").write_text(json.dumps(vocabulary, ensure_ascii=False), encoding="utf-8")
    lines = ["#version: 0.2"] + [" ".join(merge) for merge in merges]
    (folder / "merges.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return CLIPTokenizer.from_pretrained(folder)
