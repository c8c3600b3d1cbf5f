"""How long it takes from a key to the next image on the labelling page, in headless Chromium, on a store of so many images:
    latency.py DIPTYCH FOLDER [--images 100000] [--decisions 300] [--pause 150]

The images are small mosaics, made and indexed into FOLDER once. Keys are pressed as a person would at full speed, one every --pause milliseconds, and
each time is from the key's event to the frame that shows the next image, by which time the decision is on a disk. Prints the
percentiles, how many next images were decoded when they showed, and the memory of the page before and after.
"""
import argparse
import pathlib
import random
import re
import struct
import subprocess
import tempfile
import time
import zlib
from concurrent.futures import ProcessPoolExecutor

from playwright.sync_api import sync_playwright


def make(folder, count):
    """Mosaics that differ, of 240 by 180 pixels."""
    folder.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor() as pool:
        list(pool.map(draw, [str(folder)] * 100, range(100), [count] * 100))


def draw(folder, part, count):
    for index in range(part, count, 100):
        seeded = random.Random(index)
        rows = []
        for _ in range(6):
            row = b"\0" + b"".join(seeded.randbytes(3) * 30 for _ in range(8))
            rows.append(row * 30)
        pathlib.Path(f"{folder}/{index:07}.png").write_bytes(png(240, 180, b"".join(rows)))


def png(width, height, rows):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(rows, 1)) + chunk(b"IEND", b""))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("diptych")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--images", type=int, default=100_000)
    parser.add_argument("--decisions", type=int, default=300)
    parser.add_argument("--pause", type=int, default=150)
    options = parser.parse_args()
    pictures, store = options.folder / f"pictures-{options.images}", options.folder / f"label-{options.images}.store"
    if not (pictures / f"{options.images - 1:07}.png").exists():
        make(pictures, options.images)
    subprocess.run([options.diptych, "index", pictures, "--store", store, "--quiet"], check=True, stdout=subprocess.DEVNULL)
    labels = options.folder / "labels.txt"
    labels.write_text("".join(f"label {number}\n" for number in range(20)))
    with tempfile.NamedTemporaryFile("w+") as log:
        server = subprocess.Popen(
            [options.diptych, "label", store, "--labels", labels, "--task", "single", "--port", "0"], stderr=log)
        try:
            while not (found := re.search(r"serving (http://\S+)\n", pathlib.Path(log.name).read_text())):
                assert server.poll() is None, pathlib.Path(log.name).read_text()
                time.sleep(0.05)
            measure(found[1], options)
        finally:
            server.terminate()
            server.wait()


def measure(address, options):
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--enable-precise-memory-info", "--js-flags=--expose-gc"])
        page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
        page.goto(address)
        page.locator("#stage img").wait_for(timeout=120_000)
        # The store is read, and the first head trained.
        root = address.rsplit("/", 1)[0]
        begun = time.monotonic()
        while not page.request.get(f"{root}/v1/labels/progress").json()["loaded"]:
            time.sleep(0.5)
        print(f"store read and predicted in {time.monotonic() - begun:.1f} s more")
        page.evaluate("""() => {
          window.times = []; window.decoded = 0;
          document.addEventListener("diptych:shown", (event) => {
            times.push(event.detail);
            const image = document.querySelector("#stage img");
            if (image?.complete && image.naturalWidth > 0) decoded += 1;
          });
        }""")
        heap = lambda: page.evaluate("() => { gc(); return performance.memory.usedJSHeapSize }")
        before = None
        for number in range(options.decisions):
            page.keyboard.press("1234567890"[number * 7 % 10])
            page.wait_for_timeout(options.pause)
            if number == min(100, options.decisions // 2):
                before = heap()
        times = sorted(page.evaluate("times"))
        rank = lambda share: times[min(len(times) - 1, int(share * len(times)))]
        now = page.request.get(f"{root}/v1/labels/progress").json()
        print(f"images {now['images']}, decisions {now['decided']}, next images decoded when shown {page.evaluate('decoded')} of {len(times)}")
        print(f"key to next image: p50 {rank(0.5):.1f} ms, p95 {rank(0.95):.1f} ms, p99 {rank(0.99):.1f} ms, most {times[-1]:.1f} ms")
        print(f"training a head and predicting all images: {now['training_seconds']:.2f} s, on {now['learnt_from']} decisions")
        print(f"memory of the page: {before / 1e6:.1f} MB in the midst, {heap() / 1e6:.1f} MB at the end")
        browser.close()


main()
