#!/usr/bin/env python3
"""Two builds in turn in one run: guard.py BEFORE NOW WORK [--count N] [--rounds N].

BEFORE and NOW are folders with `diptych` and `search-bench`. Prints, for the five figures that matter, what each build reached and how
they compare, and ends with status 1 where the newer one is more than 3 % behind: the encoder, indexing small files, searching, the
service, the start. Each is measured in rounds that alternate which build goes first; medians count. Needs a quiet machine: the last
column is the span of the ratios of single rounds, and where 1 lies inside, the two cannot be told apart.
"""
import argparse
import http.client
import json
import os
import pathlib
import shutil
import signal
import statistics
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent / "search"))
LIMIT = 0.97


def run(*arguments, **options):
    return subprocess.run([str(a) for a in arguments], check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, **options).stdout


class Build:
    def __init__(self, name, folder, work):
        self.name, self.diptych = name, pathlib.Path(folder, "diptych").resolve()
        self.bench, self.work = pathlib.Path(folder, "search-bench").resolve(), work / name
        self.work.mkdir(parents=True, exist_ok=True)

    # Each figure is better when it is higher.

    def encoder(self):
        output = run(self.diptych, "profile", "--model", "demo", "--batch", 16, "--repeat", 20, "--format", "json", "--quiet")
        return json.loads(output)["pictures_per_second"]

    def index(self, images, count):
        store = self.work / "index.store"
        shutil.rmtree(store, ignore_errors=True)
        start = time.perf_counter()
        run(self.diptych, "index", images, "--store", store, "--model", "demo", "--quiet")
        return count / (time.perf_counter() - start)

    def start(self):
        start = time.perf_counter()
        for _ in range(10):
            run(self.diptych, "embed", "--text", "a cat", "--model", "demo", "--quiet")
        return 10 / (time.perf_counter() - start)

    def fill(self, vectors):
        if not (self.work / "filled").exists():
            shutil.rmtree(self.work / "store", ignore_errors=True)
            subprocess.run([self.bench, "fill", self.work / "store", vectors, "512"], check=True)
            (self.work / "filled").touch()

    def search(self, queries):
        with subprocess.Popen(
            [self.bench, "serve", self.work / "store", queries], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process:
            def ask(command):
                process.stdin.write(command + "\n")
                process.stdin.flush()
                return json.loads(process.stdout.readline())

            ask("one fast 0 64")
            start = time.perf_counter()
            for _ in range(4):
                ask("one fast 64 64")
            seconds = time.perf_counter() - start
            process.stdin.close()
        return 256 / seconds

    def serve(self, port):
        process = subprocess.Popen(
            [self.diptych, "serve", "--store", self.work / "index.store", "--port", str(port), "--quiet"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        connection = None
        try:
            for _ in range(200):
                try:
                    connection = http.client.HTTPConnection("127.0.0.1", port)
                    connection.request("GET", "/ready")
                    if connection.getresponse().read() is not None:
                        break
                except OSError:
                    time.sleep(0.05)
            times = []
            for number in range(600):
                body = json.dumps({"text": f"a red circle {number} {os.getpid()}", "k": 10})
                start = time.perf_counter()
                connection.request("POST", "/v1/search", body, {"Content-Type": "application/json"})
                answer = connection.getresponse()
                answer.read()
                assert answer.status == 200, answer.status
                times.append(time.perf_counter() - start)
            return 1 / statistics.median(times[100:])
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("before")
    parser.add_argument("now")
    parser.add_argument("work", type=pathlib.Path)
    parser.add_argument("--count", type=int, default=1_000_000, help="vectors of the store that is searched; 0 leaves it out")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    builds = [Build("before", arguments.before, arguments.work), Build("now", arguments.now, arguments.work)]
    images = arguments.work / "images"
    if not (images / "captions.jsonl").exists():
        run(builds[1].diptych, "pictures", "--count", 2000, "--seed", 7, "--output", images, "--quiet")
    figures = [
        ("encoder, demo model, images/s", lambda build: build.encoder()),
        ("index of 2,000 small files, files/s", lambda build: build.index(images, 2000)),
        ("service, /v1/search, requests/s", lambda build: build.serve(9631)),
        ("start, embed --text, runs/s", lambda build: build.start()),
    ]
    if arguments.count:
        subprocess.run(
            [sys.executable, pathlib.Path(__file__).parent / "search" / "data.py", arguments.work / "vectors",
             str(arguments.count), "512"], check=True)
        for build in builds:
            build.fill(arguments.work / "vectors" / "vectors.f32")
        queries = arguments.work / "vectors" / "queries.f32"
        figures.append((f"search among {arguments.count:,}, queries/s", lambda build: build.search(queries)))
    print("| figure | before | now | ratio | of single rounds |\n| --- | --- | --- | --- | --- |")
    behind = []
    for name, measure in figures:
        results = {build.name: [] for build in builds}
        for number in range(arguments.rounds):
            for build in builds if number % 2 == 0 else builds[::-1]:
                results[build.name].append(measure(build))
        before, now = (statistics.median(results[build.name]) for build in builds)
        ratios = sorted(b / a for a, b in zip(results["before"], results["now"]))
        print(f"| {name} | {before:.1f} | {now:.1f} | {now / before:.3f} | {ratios[0]:.2f}–{ratios[-1]:.2f} |", flush=True)
        if now / before < LIMIT:
            behind.append(name)
    if behind:
        raise SystemExit("more than 3 % behind: " + "; ".join(behind))


main()
