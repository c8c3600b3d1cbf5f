"""What one request may cost, and that others are served meanwhile."""
import base64
import json
import http.server
import struct
import subprocess
import threading
import time
import zlib

import openai
import pytest

from conftest import DIPTYCH, ended, started
from raw import Health, ask, chunk, form, png, post

LARGE = 30_000_000
PICTURE = "data:image/png;base64," + base64.b64encode(png((1, 2, 3))).decode()


@pytest.fixture(scope="module")
def bounded(pictures, tmp_path_factory):
    """A server that fetches from this machine."""
    store = tmp_path_factory.mktemp("store") / "bounded.store"
    subprocess.run([DIPTYCH, "index", pictures[0].parent, "--store", store, "--quiet"], check=True)
    process, address = started(store.with_suffix(".log"), "--store", store, "--port", "0", "--allow-private-urls")
    yield address
    ended(process)


def large_png(number, side=9900):
    """A grey PNG file, of 98 million pixels unless said otherwise; the bytes behind its end make it another one."""
    rows = (b"\0" + bytes(side)) * side
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(rows, 1)) + chunk(b"IEND", b"")) + struct.pack(">I", number)


def texts(number, bytes_each):
    return [f"{i} " + "一" * (bytes_each // 3 - 3) for i in range(number)]


def encoded(members):
    return json.dumps(members, ensure_ascii=False).encode()


JSON = "Content-Type: application/json"

# What takes long: a path, a type, a body, and the statuses that are right. Those with 200 are the most that is allowed, or
# nearly so.
COSTLY = {
    "one long text": lambda: ("/v1/embeddings", JSON, encoded({"input": "一" * (LARGE // 3)}), {413}),
    "many long texts": lambda: ("/similarity", JSON, encoded({"query": "a", "candidates": texts(40, 60_000)}), {200}),
    "too many long texts": lambda: ("/similarity", JSON, encoded({"query": "a", "candidates": texts(500, 60_000)}), {413}),
    "templates": lambda: ("/v1/classify", JSON, encoded({"image": PICTURE, "labels": [f"l{i}" for i in range(500)], "templates": ["a " * 500_000 + "{}"]}), {413}),
    "places in a template": lambda: ("/v1/classify", JSON, encoded({"image": PICTURE, "labels": ["x" * 60_000], "templates": ["{}" * 1000]}), {413}),
    "labels": lambda: ("/v1/classify", JSON, encoded({"image": PICTURE, "labels": texts(60, 500), "templates": ["{} " + "b " * 10_000]}), {200}),
    "minus": lambda: ("/v1/search", JSON, encoded({"text": "a", "minus": [f"{i:x}" for i in range(2_000_000)]}), {413}),
    "boundaries": lambda: ("/v1/search", "Content-Type: multipart/form-data; boundary=" + "-" * 69 + "x", b"-" * LARGE, {400}),
    "parts": lambda: ("/v1/search", "Content-Type: multipart/form-data; boundary=a", b'--a\r\nContent-Disposition: form-data; name="minus"\r\n\r\n\r\n' * 500_000, {400}),
    "commas": lambda: ("/v1/search", JSON, b'{"text": [' + b"1," * (LARGE // 2) + b"1]}", {413}),
    "brackets": lambda: ("/v1/search", JSON, b"[" * LARGE, {400}),
    "names": lambda: ("/v1/search", JSON, b"{" + b",".join(b'"%x":1' % i for i in range(2_000_000)) + b"}", {413}),
    "pictures": lambda: ("/v1/embeddings", *form([("modality", None, b"image")] + [("input", "x", data) for data in large_pngs(4)])[::-1], {200}),
    "photographs": lambda: ("/v1/embeddings", *form([("modality", None, b"image")] + [("input", "x", data) for data in large_pngs(12, 3464)])[::-1], {200}),
    "texts in images": lambda: ("/v1/embeddings", *form([("modality", None, b"image")] + [("input", "x", png((1, i, 3), chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(900_000), 9)) * 100)) for i in range(16)])[::-1], {200}),
}


def large_pngs(count, side=9900):
    one = large_png(0, side)[:-4]
    return [one + struct.pack(">I", number) for number in range(count)]


@pytest.mark.parametrize("kind", COSTLY)
def test_others_are_served_meanwhile(bounded, kind):
    path, type, body, statuses = COSTLY[kind]()
    found = []
    # As many as cores, and one more.
    clients = [threading.Thread(target=lambda: found.append(ask(bounded, "POST", path, type, body=body).status)) for _ in range(3)]
    with Health(bounded) as health:
        for client in clients:
            client.start()
        for client in clients:
            client.join()
    assert len(found) == 3 and set(found) <= statuses, found
    # On a machine that does other things, one answer may wait for a processor.
    late = [seconds for seconds in health.times if seconds > 0.1]
    assert len(late) <= len(health.times) // 50 + 1 and health.times[-1] < 1, (kind, len(health.times), late)


def test_limits_are_named(bounded):
    for path, members, status, words in [
        ("/v1/embeddings", {"input": ["a", "b" * 65_537]}, 413, ["'input[1]'", "65537", "65536"]),
        ("/v1/search", {"text": "b" * 65_537}, 413, ["'text'", "65536"]),
        ("/v1/search", {"text": "a", "minus": ["b"] * 65}, 400, ["'minus'", "64"]),
        ("/v1/classify", {"image": PICTURE, "labels": ["a" * 600] * 1 + [f"{i}" * 300 for i in range(200)], "templates": ["b" * 60_000 + "{}"]}, 413, ["8388608"]),
        ("/similarity", {"query": "a", "candidates": ["b" * 60_000] * 200}, 413, ["'candidates'", "8388608"]),
        ("/v1/items", {"url": "http://a/" + "b" * 70_000}, 413, ["'url'", "65536"]),
    ]:
        answer = post(bounded, path, members)
        assert answer.status == status and all(word in answer.json["detail"] for word in words), (path, answer.status, answer.body[:300])
    assert post(bounded, "/v1/embeddings", {"input": "b" * 65_536}).status == 200


def test_large_pictures_keep_nobody_waiting(bounded, pictures):
    body, type = form([("modality", None, b"image")] + [("input", "x", data) for data in large_pngs(8)])
    answers = []
    client = threading.Thread(target=lambda: answers.append(ask(bounded, "POST", "/v1/embeddings", type, body=body)))
    client.start()
    time.sleep(0.3)
    worst, number = 0, 0
    while client.is_alive():
        number += 1
        small, kind = form([("k", None, b"1"), ("image", "x", pictures[0].read_bytes() + struct.pack(">I", number))])
        for path, *request in [("/v1/search", kind, small), ("/v1/search", JSON, encoded({"text": f"a star {number}"}))]:
            begin = time.monotonic()
            assert ask(bounded, "POST", path, request[0], body=request[1]).status == 200
            worst = max(worst, time.monotonic() - begin)
    assert answers[0].status == 200 and len(answers[0].json["data"]) == 8
    assert number > 2 and worst < 1, worst


class Web:
    """A web server of one image: some paths take long."""

    def __init__(self, picture):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                if self.path.startswith("/hang"):
                    time.sleep(1.5)
                self.send_response(200)
                self.send_header("Content-Type", "image/jpeg")
                self.send_header("Content-Length", str(len(picture)))
                self.end_headers()
                try:
                    self.wfile.write(picture)
                except OSError:
                    pass

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            request_queue_size = 500

        self.server = Server(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


def test_as_many_urls_as_inputs(bounded, pictures):
    web = Web(pictures[0].read_bytes())
    begin = time.monotonic()
    answer = post(bounded, "/v1/embeddings", {"modality": "image", "input": [f"{web.address}/a?{i}" for i in range(2048)]})
    assert answer.status == 200 and len(answer.json["data"]) == 2048
    assert time.monotonic() - begin < 60
    assert post(bounded, "/v1/embeddings", {"modality": "image", "input": [f"{web.address}/a?{i}" for i in range(2049)]}).status == 400
    # Hosts that take their time are waited for by those who named them.
    slow = [threading.Thread(target=lambda n=n: post(bounded, "/v1/embeddings", {"modality": "image", "input": [f"{web.address}/hang?{n}-{i}" for i in range(40)]})) for n in range(3)]
    for client in slow:
        client.start()
    time.sleep(0.5)
    for number in range(3):
        begin = time.monotonic()
        assert post(bounded, "/v1/search", {"image": f"{web.address}/b?{number}", "k": 1}).status == 200
        assert time.monotonic() - begin < 1
    for client in slow:
        client.join()
    web.server.shutdown()


def test_many_batches_at_once(bounded):
    client, results = openai.OpenAI(base_url=f"{bounded}/v1", api_key="none is needed"), []

    def embed(batch):
        results.append(len(client.embeddings.create(model="demo", input=[f"text {i} of batch {batch}" for i in range(512)]).data))

    threads = [threading.Thread(target=embed, args=(batch,)) for batch in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [512] * 24


def test_when_to_come_again(tmp_path):
    process, address = started(tmp_path / "log", "--port", "0", "--queue", "1")
    try:
        # A queue of 64 texts; what does not find room is told when there will be some.
        answers = []
        clients = [threading.Thread(target=lambda n=n: answers.append(post(address, "/v1/embeddings", {"input": [f"{n} {i}" for i in range(60)]}))) for n in range(40)]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        busy = [answer for answer in answers if answer.status == 503]
        assert {answer.status for answer in answers} == {200, 503} and busy
        assert all(1 <= int(answer.headers["retry-after"]) <= 60 for answer in busy)
    finally:
        ended(process)
