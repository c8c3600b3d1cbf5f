"""Compares the tokeniser with the reference implementations on the published vocabulary, and times it. On demand.

The vocabulary comes from the installed open_clip; nothing of it is kept. Run with the reference environment's Python:

    python Scripts/parity/tokenizer.py [number of strings, 20000 unless told]
"""

import gzip
import os
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, f"{ROOT}/Scripts/fixtures")
import tokenizer as fixtures  # noqa: E402
import tokenizer_strings as strings  # noqa: E402


def main(count):
    from open_clip.tokenizer import default_bpe
    folder = tempfile.mkdtemp(prefix="tokenizer-parity-")
    try:
        os.makedirs(f"{folder}/original")
        shutil.copy(default_bpe(), f"{folder}/original/bpe_simple_vocab_16e6.txt.gz")
        with gzip.open(default_bpe()) as file:
            lines = file.read().decode().split("\n")[1:49152 - 256 - 2 + 1]
        merges = [tuple(line.split(" ")) for line in lines]
        alphabet = fixtures.byte_alphabet()
        pieces = alphabet + [a + "</w>" for a in alphabet] + ["".join(m) for m in merges] + [fixtures.START, fixtures.END]
        assert len(pieces) == len(set(pieces)) == 49408
        fixtures.write_directory(
            f"{folder}/dense", {p: i for i, p in enumerate(pieces)}, merges,
            tokenizer_config={"tokenizer_class": "CLIPTokenizer", "model_max_length": 77})
        tokenizer, encode = fixtures.hugging_face(f"{folder}/dense")
        tokenizer.save_pretrained(f"{folder}/json")
        fixtures.write_ids(f"{folder}/huggingface.ids.gz", strings.common(count, 101), encode)
        encode = fixtures.original(f"{folder}/original/bpe_simple_vocab_16e6.txt.gz")
        fixtures.write_ids(
            f"{folder}/original.ids.gz", strings.common(count // 2, 102) + strings.original(count // 2, 103), encode)
        fixtures.write_ids(f"{folder}/mojibake.ids.gz", strings.mojibake(count, 104), encode)
        command = ["swift", "test", "-c", "release", "--filter", "PublishedVocabularyTests"]
        return subprocess.run(command, cwd=ROOT, env={**os.environ, "DIPTYCH_TOKENIZER_PARITY": folder}).returncode
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 20000))
