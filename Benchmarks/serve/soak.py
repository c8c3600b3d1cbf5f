"""Mixed load for a long time: memory must stay flat and nothing may fail that the client did not cause.

Usage: soak.py DIPTYCH-BINARY WORK-DIRECTORY [--minutes 60] [--report FILE]
Texts, pictures, searches, thumbnails, items that come and go, wrong requests, and clients that leave, over 12 connections.
"""
import argparse
import base64
import http.client
import json
import pathlib
import random
import re
import statistics
import subprocess
import threading
import time

WARM_UP = 0.2  # of the time: caches fill, the system's allocator finds its size


def resident(process):
    for line in pathlib.Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) * 1024
    return 0


class Client(threading.Thread):
    """One connection's requests, until `stop`."""

    def __init__(self, port, pictures, seed, counts, stop):
        super().__init__(daemon=True)
        self.port, self.pictures, self.draw, self.counts, self.stop = port, pictures, random.Random(seed), counts, stop
        self.connection = None

    def ask(self, method, path, body=None, expected=(200,)):
        if self.connection is None:
            self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        data = None if body is None else json.dumps(body) if not isinstance(body, (bytes, str)) else body
        self.connection.request(method, path, data, {"Content-Type": "application/json"})
        answer = self.connection.getresponse()
        content = answer.read()
        self.counts[answer.status] = self.counts.get(answer.status, 0) + 1
        if answer.status not in expected:
            self.counts["wrong"] = self.counts.get("wrong", 0) + 1
            print(f"soak: {method} {path} gave {answer.status}: {content[:300]!r}", flush=True)
        return content

    def text(self):
        return " ".join(self.draw.choices("red blue green circle square star left right small large two three".split(), k=5)) + f" {self.draw.random()}"

    def picture(self):
        data = self.draw.choice(self.pictures)
        # Another content each time, behind the end of the picture.
        return "data:image/jpeg;base64," + base64.b64encode(data + self.draw.randbytes(8)).decode()

    def run(self):
        while not self.stop.is_set():
            try:
                self.one()
            except (http.client.HTTPException, OSError) as error:
                self.counts["broken"] = self.counts.get("broken", 0) + 1
                print(f"soak: {error!r}", flush=True)
                self.connection = None

    def one(self):
        chance = self.draw.random()
        if chance < 0.3:
            self.ask("POST", "/v1/search", {"text": self.text(), "k": 20})
        elif chance < 0.5:
            self.ask("POST", "/similarity", {"query": self.text(), "candidates": [self.text() for _ in range(10)]})
        elif chance < 0.7:
            self.ask("POST", "/v1/embeddings", {"input": self.picture(), "modality": "image"})
        elif chance < 0.78:
            self.ask("POST", "/v1/classify", {"image": self.picture(), "labels": ["circle", "square", self.text()]})
        elif chance < 0.86:
            self.ask("GET", f"/v1/items/{self.draw.randint(1, 60)}/thumbnail?size={self.draw.choice([128, 256])}")
        elif chance < 0.9:
            item = json.loads(self.ask("POST", "/v1/items", {"url": self.picture(), "caption": self.text()}, (201,)))
            self.ask("DELETE", f"/v1/items/{item['id']}")
        elif chance < 0.95:
            self.ask("POST", "/v1/search", self.draw.choice(["{", "[]", '{"text": 5}', "x" * 10_000]), (400,))
        elif chance < 0.97:
            self.connection.close() if self.connection else None
            self.connection = None
        else:
            # Leaves before the answer.
            leaving = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
            leaving.request("POST", "/v1/embeddings", json.dumps({"input": self.picture(), "modality": "image"}), {"Content-Type": "application/json"})
            leaving.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("diptych")
    parser.add_argument("work", type=pathlib.Path)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--report", type=pathlib.Path, help="where the figures go as Markdown, for Benchmarks/serve/run")
    options = parser.parse_args()
    pictures, store = options.work / "soak-pictures", options.work / "soak-store"
    if not pictures.exists():
        subprocess.run([options.diptych, "pictures", "--count", "60", "--seed", "3", "--output", pictures, "--quiet"], check=True)
    subprocess.run(["rm", "-rf", store], check=True)
    subprocess.run([options.diptych, "index", pictures, "--store", store, "--quiet"], check=True)
    # A file, because a pipe that nobody reads would stop the server sooner or later.
    log = options.work / "soak.log"
    with open(log, "w") as output:
        server = subprocess.Popen(
            [options.diptych, "serve", "--store", store, "--port", "0", "--cache", "2000", "--undo-minutes", "0.1"], stderr=output)
    while not (found := re.search(r"serving http://\S+:(\d+)\n", log.read_text())):
        assert server.poll() is None, "the server ended"
        time.sleep(0.05)
    port = int(found[1])
    data = [p.read_bytes() for p in sorted(pictures.glob("*.jpg"))]
    counts, stop, samples = {}, threading.Event(), []
    clients = [Client(port, data, seed, counts, stop) for seed in range(12)]
    for client in clients:
        client.start()
    begin = time.monotonic()
    while (passed := time.monotonic() - begin) < options.minutes * 60:
        time.sleep(min(5, options.minutes * 60 / 40))
        assert server.poll() is None, "the server ended"
        samples.append((passed, resident(server.pid)))
    stop.set()
    for client in clients:
        client.join(60)
    settled = [size for passed, size in samples if passed > WARM_UP * options.minutes * 60]
    third = max(1, len(settled) // 3)
    first, last = statistics.median(settled[:third]), statistics.median(settled[-third:])
    server.terminate()
    status = server.wait(30)
    failed = {key: value for key, value in counts.items() if key in ("wrong", "broken") or (isinstance(key, int) and key >= 500)}
    total = sum(value for key, value in counts.items() if isinstance(key, int))
    lines = [
        f"- {total} requests in {options.minutes:g} minutes: {dict(sorted(counts.items(), key=str))}",
        f"- memory: {first / 2**20:.0f} MB after the first {WARM_UP:.0%}, {last / 2**20:.0f} MB at the end ({last / first - 1:+.1%})",
    ]
    print(*lines, sep="\n")
    if options.report:
        options.report.parent.mkdir(parents=True, exist_ok=True)
        options.report.write_text("\n".join(["", "## Mixed load for a long time (`make soak`)", "", *lines, ""]))
    if failed or status or last > first * 1.05:
        raise SystemExit(f"soak: failed: {failed or ''} {'exit status ' + str(status) if status else ''}")


if __name__ == "__main__":
    main()
