"""Diptych's server beside the same API in FastAPI and transformers, under load from a separate process on loopback.

Usage: serve.py DIPTYCH-BINARY WORK-DIRECTORY REPORT.md
Servers take turns; wrk (one thread) makes the load, so that all three share the cores. DIPTYCH_SECONDS sets how long each run takes.
"""
import base64
import json
import os
import pathlib
import random
import statistics
import subprocess
import sys
import time
import urllib.request

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "Benchmarks"), str(ROOT / "Scripts" / "parity")]
import models  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
SECONDS = int(os.environ.get("DIPTYCH_SECONDS", "20"))
ROUNDS = int(os.environ.get("DIPTYCH_ROUNDS", "3"))


class Server:
    """A server process, until the end of a `with`."""

    def __init__(self, command, port, environment=None):
        self.command, self.url = command, f"http://127.0.0.1:{port}"
        self.environment = {**os.environ, **(environment or {})}

    def __enter__(self):
        begin = time.perf_counter()
        self.process = subprocess.Popen(
            self.command, env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=HERE)
        while True:
            try:
                urllib.request.urlopen(self.url + "/ready", timeout=1).read()
                break
            except OSError:
                if self.process.poll() is not None:
                    raise SystemExit(f"bench: {self.command[0]} ended with {self.process.returncode}")
                time.sleep(0.005)
        self.start = time.perf_counter() - begin
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def post(self, path, body):
        request = urllib.request.Request(
            self.url + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
        return json.load(urllib.request.urlopen(request))

    def load(self, path, bodies, connections, seconds=SECONDS):
        """What wrk measures: requests a second and latencies."""
        output = subprocess.run(
            ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "60s", "-s", HERE / "load.lua",
             self.url + path], check=True, capture_output=True, text=True, env={**os.environ, "BODIES": str(bodies)})
        result = json.loads(next(line for line in output.stdout.splitlines() if line.startswith("{")))
        if result["failed"]:
            raise SystemExit(f"bench: {result['failed']} requests of {path} failed")
        result["rate"] = result["requests"] / result["seconds"]
        return result


def phrases(count, seed):
    """Short texts that differ."""
    words = ("a the red blue small old dog cat house tree river photo of man woman child car street snow beach light dark on in with "
             "under near two three green yellow bird boat").split()
    draw = random.Random(seed)
    return [" ".join(draw.choices(words, k=draw.randint(3, 9))) + f" {i}" for i in range(count)]


def write(work, name, bodies):
    file = work / f"serve-{name}.jsonl"
    file.write_text("".join(json.dumps(body) + "\n" for body in bodies))
    return file


def median(results, key):
    return statistics.median(result[key] for result in results)


def similar(a, b):
    """The smallest cosine between rows."""
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    return float(np.min(np.sum(a * b, 1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)))


def main():
    diptych, work = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
    report = open(sys.argv[3], "a")

    def say(text=""):
        print(text, flush=True)
        report.write(text + "\n")

    folder = models.make("vit-b-32", work)
    ours = lambda *options: Server(
        [diptych, "serve", "--model", folder, "--port", "9611", "--quiet", *options], 9611)
    theirs = Server(
        [sys.executable, "-m", "uvicorn", "reference:app", "--port", "9612", "--log-level", "warning"], 9612,
        {"DIPTYCH_BENCH_MODEL": str(folder)})

    photos = work / "serve-pictures"
    if not photos.exists():
        subprocess.run([diptych, "pictures", "--count", "400", "--seed", "7", "--output", photos, "--quiet"], check=True)
    files = sorted(p for p in photos.iterdir() if p.suffix in (".jpg", ".png"))
    uris = ["data:image/png;base64," + base64.b64encode(f.read_bytes()).decode() for f in files]

    queries, labels = phrases(100_000, 1), phrases(20, 2)
    similarity = {
        "the same request": write(work, "same", [{"query": queries[0], "candidates": labels}]),
        "a new query each time": write(work, "query", [{"query": q, "candidates": labels} for q in queries]),
        "everything new each time": write(
            work, "new", [{"query": queries[i], "candidates": phrases(20, 100 + i)} for i in range(5000)]),
    }
    embeddings = write(work, "pictures", [{"input": uri, "modality": "image", "encoding_format": "base64"} for uri in uris])
    search = write(work, "search", [{"text": query, "k": 10} for query in queries])

    say("\n# The service")
    say(f"\nViT-B/32 with seeded random weights; wrk with one thread on the same {os.cpu_count()} cores; {SECONDS} s a run, "
        f"medians of {ROUNDS} rounds in turns. The reference is `Benchmarks/serve/reference.py`: FastAPI, transformers and "
        "PyTorch in fp32 under uvicorn.")

    with ours("--precision", "fp32") as a, theirs as b:
        body = {"query": queries[0], "candidates": labels}
        one, other = (dict(s.post("/similarity", body)["similarities"]) for s in (a, b))
        difference = max(abs(one[label] - other[label]) for label in labels)
        body = {"input": uris[:8], "modality": "image"}
        rows = [[d["embedding"] for d in s.post("/v1/embeddings", body)["data"]] for s in (a, b)]
        agreement = similar(*rows)
    if difference > 1e-4 or agreement < 1 - 1e-5:
        raise SystemExit(f"bench: the servers disagree: similarities by {difference}, embeddings by {1 - agreement}")
    say(f"\nBoth give the same in fp32: similarities differ by at most {difference:.1e}, embeddings by 1 - cosine "
        f"{max(0, 1 - agreement):.1e}.")

    say("\n## `/similarity`: one query against 20 texts, 32 connections\n")
    say("| | requests/s | p50 | p99 | to the reference | its p99 to ours |\n| --- | --- | --- | --- | --- | --- |")
    for name, bodies in similarity.items():
        results = {"reference": [], "fp32": [], "bf16": []}
        for _ in range(ROUNDS):
            with theirs as server:
                results["reference"].append(server.load("/similarity", bodies, 32))
            for precision in ("fp32", "bf16"):
                with ours("--precision", precision) as server:
                    results[precision].append(server.load("/similarity", bodies, 32))
        base = results["reference"]
        for label, runs in results.items():
            say(f"| {label}, {name} | {median(runs, 'rate'):.1f} | {median(runs, 'p50') * 1e3:.1f} ms | {median(runs, 'p99') * 1e3:.1f} ms | "
                f"{median(runs, 'rate') / median(base, 'rate'):.1f} | {median(base, 'p99') / median(runs, 'p99'):.1f} |")

    say(f"\n## `/v1/embeddings`: {len(files)} pictures as data URIs, one a request, 16 connections\n")
    say("Nothing is kept between requests (`--cache 0`). Offline is `diptych embed` of the same files, without its start.\n")
    say("| | pictures/s | p50 | p99 | to offline | to the reference |\n| --- | --- | --- | --- | --- | --- |")
    results, offline = {"reference": [], "fp32": [], "bf16": []}, {"fp32": [], "bf16": []}
    for _ in range(ROUNDS):
        with theirs as server:
            results["reference"].append(server.load("/v1/embeddings", embeddings, 16))
        for precision in ("fp32", "bf16"):
            offline[precision].append(bulk(diptych, folder, precision, photos, work))
            with ours("--precision", precision, "--cache", "0") as server:
                results[precision].append(server.load("/v1/embeddings", embeddings, 16))
    for label, runs in results.items():
        share = f"{median(runs, 'rate') / statistics.median(offline[label]):.0%}" if label in offline else ""
        say(f"| {label} | {median(runs, 'rate'):.1f} | {median(runs, 'p50') * 1e3:.0f} ms | {median(runs, 'p99') * 1e3:.0f} ms | {share} | "
            f"{median(runs, 'rate') / median(results['reference'], 'rate'):.1f} |")
    for precision, rates in offline.items():
        say(f"| offline {precision} | {statistics.median(rates):.1f} | | | 100% | |")

    say("\n## `/v1/search`: 100,000 items, a new text each time, 16 connections\n")
    store = filled(diptych, folder, work)
    say("| | queries/s | p50 | p99 |\n| --- | --- | --- | --- |")
    for precision in ("fp32", "bf16", "int8"):
        runs = []
        for _ in range(ROUNDS):
            with ours("--precision", precision, "--store", store) as server:
                runs.append(server.load("/v1/search", search, 16))
        say(f"| {precision} | {median(runs, 'rate'):.0f} | {median(runs, 'p50') * 1e3:.0f} ms | {median(runs, 'p99') * 1e3:.0f} ms |")

    say("\n## From start to ready, warm page cache\n")
    for precision in ("fp32", "bf16"):
        starts = []
        for _ in range(7):
            with ours("--precision", precision) as server:
                starts.append(server.start)
        say(f"- Diptych {precision}: {statistics.median(starts):.2f} s")
    with theirs as server:
        say(f"- The reference: {server.start:.1f} s")


def bulk(diptych, folder, precision, photos, work):
    """The rate of `diptych embed`, by two runs whose difference leaves out the start."""
    files = sorted(str(p) for p in photos.iterdir() if p.suffix in (".jpg", ".png"))
    times = []
    for part in (files[:16], files):
        begin = time.perf_counter()
        listed = work / "serve-list.txt"
        listed.write_text("\n".join(part) + "\n")
        subprocess.run([diptych, "embed", "--model", folder, "--precision", precision, "--input", listed, "--output",
                        work / "serve-bulk.npy", "--quiet"], check=True)
        times.append(time.perf_counter() - begin)
    return (len(files) - 16) / (times[1] - times[0])


def filled(diptych, folder, work):
    """A store of 100,000 random embeddings under the model's name, made once."""
    import pyarrow
    import pyarrow.parquet

    store, source = work / "serve-store", work / "serve-embeddings"
    if (store / ".complete").exists():
        return store
    (source / "img_emb").mkdir(parents=True, exist_ok=True)
    (source / "metadata").mkdir(exist_ok=True)
    rows = np.random.default_rng(5).standard_normal((100_000, 512)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    np.save(source / "img_emb" / "img_emb_0.npy", rows)
    table = pyarrow.table({"image_path": [f"/pictures/{i:06}.jpg" for i in range(len(rows))],
                           "caption": phrases(len(rows), 3)})
    pyarrow.parquet.write_table(table, source / "metadata" / "metadata_0.parquet")
    subprocess.run([diptych, "index", "--from-clip-retrieval", source, "--model", folder, "--store", store, "--quiet"],
                   check=True)
    (store / ".complete").touch()
    return store


if __name__ == "__main__":
    main()
