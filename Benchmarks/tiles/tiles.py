"""Six tiles and a word in a running process, in turn with ONNX Runtime called as the field calls it.

    tiles.py DIPTYCH [--rounds 7] [--models ViT-B-16,RN50]

Chinese-CLIP's models at full size with seeded random weights. The field's function cuts the sheet, and for each tile encodes the image and
both texts, the neutral one and the word, batch 1, fp32; files by `diptych export onnx --fixed-batch 1`. Diptych answers
`POST /v1/tiles` from JPEG bytes to probabilities; the six encodings alone are `diptych profile` on a batch of six. Every round runs each
contestant in turn; figures are medians. Refused where both disagree on probabilities in fp32 by more than 1e-2.
"""
import argparse
import io
import json
import pathlib
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "Scripts/parity"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import cn_clip.clip as clip
import numpy as np
from cn_clip.clip.utils import image_transform
from PIL import Image

import zoo
from measure import THREADS, profile
from peers import processor_name, session

WORD, NEUTRAL = "红色的星星", "图片"
TARGETS = {"ViT-B-16": (1.7, 3.2), "RN50": (1.9, 2.4)}


def sheet(seed):
    """A JPEG file of two rows of three tiles of noise, 224 pixels each, touching: another for each seed."""
    noise = np.random.default_rng(seed).integers(0, 256, (28, 42, 3), np.uint8)
    picture = Image.fromarray(noise).resize((672, 448), Image.BICUBIC)
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=95)
    return file.getvalue()


def field(image, text, transform, data):
    """Probabilities of the word for each tile."""
    whole, answers = Image.open(io.BytesIO(data)).convert("RGB"), []
    for index in range(6):
        x, y = index % 3 * 224, index // 3 * 224
        pixels = transform(whole.crop((x, y, x + 224, y + 224))).unsqueeze(0).numpy()
        vector = image.run(None, {"image": pixels})[0][0]
        vectors = [text.run(None, {"text": clip.tokenize([t]).numpy().astype(np.int64)})[0][0] for t in (NEUTRAL, WORD)]
        cosines = [float(v @ vector / np.linalg.norm(v) / np.linalg.norm(vector)) for v in vectors]
        powers = np.exp(100 * (np.array(cosines) - max(cosines)))
        answers.append(powers[1] / powers.sum())
    return answers


class Server:
    def __init__(self, diptych, model, precision):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.process = subprocess.Popen(
            [diptych, "serve", "--model", model, "--precision", precision, "--threads", str(THREADS), "--port", str(self.port)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(600):
            try:
                if urllib.request.urlopen(f"http://127.0.0.1:{self.port}/ready", timeout=5).status == 200:
                    return
            except OSError:
                time.sleep(0.2)
        raise SystemExit(f"bench-tiles: the server with {model} did not become ready")

    def tiles(self, data):
        mark = uuid.uuid4().hex
        fields = {"words": WORD, "neutral": NEUTRAL, "rows": "2", "columns": "3"}
        body = b"".join(f'--{mark}\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n'.encode() for k, v in fields.items())
        body += f'--{mark}\r\nContent-Disposition: form-data; name="image"; filename="s.jpg"\r\nContent-Type: image/jpeg\r\n\r\n'.encode()
        body += data + f"\r\n--{mark}--\r\n".encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/v1/tiles", body,
                                         {"Content-Type": f"multipart/form-data; boundary={mark}"})
        return json.load(urllib.request.urlopen(request, timeout=120))

    def close(self):
        self.process.terminate()
        self.process.wait()


def timed(call):
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("diptych")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--models", default="ViT-B-16,RN50")
    arguments = parser.parse_args()
    print(f"Processor: {processor_name()}; {THREADS} threads; medians of {arguments.rounds} rounds")
    print("| model | | ms | to the field's function | target |")
    print("| --- | --- | --- | --- | --- |")
    for name in arguments.models.split(","):
        with tempfile.TemporaryDirectory() as place:
            folder = pathlib.Path(place)
            zoo.MODELS[f"Chinese-CLIP {name}"](folder)
            model, data = folder / "model.pt", sheet(0)
            subprocess.run([arguments.diptych, "export", "onnx", "--model", model, "--output", folder / "x", "--fixed-batch", "1", "--quiet"],
                           check=True, stdout=subprocess.DEVNULL)
            image, text, transform = session(folder / "x.img.fp32.onnx"), session(folder / "x.txt.fp32.onnx"), image_transform(224)
            servers = {p: Server(arguments.diptych, model, p) for p in ("fp32", "bf16")}
            try:
                expected = field(image, text, transform, data)
                given = [tile["probabilities"][0] for tile in servers["fp32"].tiles(data)["tiles"]]
                worst = max(abs(a - b) for a, b in zip(expected, given))
                if len(given) != 6 or worst > 1e-2:
                    sys.exit(f"bench-tiles: refused: {name} disagrees with the field's function by {worst:.2e}: {expected} {given}")
                times = {}
                for turn in range(arguments.rounds + 1):
                    data = sheet(turn + 1)  # a new one: the server keeps the embeddings of images that it has seen
                    calls = {"field, fp32": lambda: field(image, text, transform, data)}
                    calls |= {f"Diptych {p}": lambda s=s: s.tiles(data) for p, s in servers.items()}
                    for key, call in calls.items():
                        seconds = timed(call)
                        if turn:
                            times.setdefault(key, []).append(seconds)
                    for precision in servers if turn else ():
                        alone = 6 / profile(arguments.diptych, model, precision, 6)["pictures_per_second"]
                        times.setdefault(f"six encodings alone, {precision}", []).append(alone)
            finally:
                for server in servers.values():
                    server.close()
            median = {key: statistics.median(values) for key, values in times.items()}
            for key, value in median.items():
                target = dict(zip(("Diptych fp32", "Diptych bf16"), TARGETS[name])).get(key)
                print(f"| {name} | {key} | {value * 1e3:.1f} | {median['field, fp32'] / value:.2f} | {target or ''} |", flush=True)
            for precision in ("fp32", "bf16"):
                seconds = median[f"six encodings alone, {precision}"]
                if median[f"Diptych {precision}"] < seconds / 2:
                    sys.exit(f"bench-tiles: refused: {name} in {precision} took {median[f'Diptych {precision}']:.4f} s, less than its six"
                             f" encodings can ({seconds:.4f} s): something was not computed")
                print(f"| {name} | {precision}: the whole takes {median[f'Diptych {precision}'] / seconds:.2f} times the six encodings alone"
                      " | | | 1.15 |", flush=True)


main()
