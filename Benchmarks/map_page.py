"""Draws a map of COUNT made-up points in headless Chromium, without a GPU, moves over it, and prints frames a second and the time of a draw.

    map_page.py DIPTYCH [--count 1000000]

The server is real and has a store of a few pictures; only the answer with the points is made up. Needs the environment of `Scripts/clients/environment`.
"""
import argparse
import json
import pathlib
import re
import statistics
import struct
import subprocess
import tempfile
import time

from playwright.sync_api import sync_playwright

# Moves the map by a pixel before each frame, and notes when each came.
MOVE = """
(frames) => new Promise((done) => {
  const room = document.querySelector("#map");
  const box = room.getBoundingClientRect();
  const times = [], draws = [];
  const event = (type, step) => room.dispatchEvent(new PointerEvent(type, {
    pointerId: 1, button: 0, isPrimary: true, bubbles: true, clientX: box.left + 200 + (step % 60), clientY: box.top + 200 }));
  room.setPointerCapture = () => {};
  event("pointerdown", 0);
  let step = 0;
  const next = (time) => {
    times.push(time);
    draws.push(Number(room.dataset.milliseconds));
    step += 1;
    if (step > frames) { event("pointerup", step); done({ times, draws }); return; }
    event("pointermove", step * 7);
    requestAnimationFrame(next);
  };
  requestAnimationFrame(next);
})
"""


def points(count):
    import random
    rng = random.Random(2)
    middles = [(rng.uniform(-20, 20), rng.uniform(-20, 20)) for _ in range(50)]
    head = json.dumps({"count": count, "version": 1, "by": None, "names": [], "counts": []})
    head += " " * (3 - len(head) % 4) + "\n"
    places = bytearray()
    colours = bytearray()
    for row in range(count):
        x, y = middles[row % 50]
        places += struct.pack("<ff", x + rng.gauss(0, 1.5), y + rng.gauss(0, 1.5))
        colours.append(row % 13)
    return head.encode() + bytes(places) + bytes(colours) + "\n".join(map(str, range(1, count + 1))).encode()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("diptych")
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--frames", type=int, default=60)
    arguments = parser.parse_args()
    body = points(arguments.count)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        pictures, store, log = pathlib.Path(folder, "p"), pathlib.Path(folder, "s"), pathlib.Path(folder, "log")
        subprocess.run([arguments.diptych, "pictures", "--count", "20", "--seed", "1", "--output", pictures, "--quiet"], check=True)
        subprocess.run([arguments.diptych, "index", pictures, "--store", store, "--quiet"], check=True,
                       stderr=subprocess.DEVNULL)
        with open(log, "w") as output:
            server = subprocess.Popen([arguments.diptych, "serve", "--store", store, "--port", "0"], stderr=output)
        while not (found := re.search(r"serving (http://\S+)\n", log.read_text())):
            time.sleep(0.02)
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1440, "height": 900}, bypass_csp=True)
        page.route("**/v1/map/points*", lambda route: route.fulfill(body=body, content_type="application/octet-stream"))
        began = time.perf_counter()
        page.goto(found[1].rstrip("/") + "/map")
        page.wait_for_function("Number(document.querySelector('#map').dataset.frames) > 0 && document.querySelector('#count').textContent !== ''",
                               timeout=60_000)
        opened = time.perf_counter() - began
        page.wait_for_timeout(500)
        measured = page.evaluate(MOVE, arguments.frames)
        gaps = [b - a for a, b in zip(measured["times"], measured["times"][1:])]
        print(f"{arguments.count} points, 1440 x 900, no GPU: opened in {opened:.1f} s, {1000 / statistics.median(gaps):.0f} frames/s in the "
              f"middle, {1000 / sorted(gaps)[int(0.95 * len(gaps))]:.0f} at the slowest twentieth, a draw takes "
              f"{statistics.median(measured['draws'][1:]):.1f} ms")
        browser.close()
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main()
