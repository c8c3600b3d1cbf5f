"""Kills the server, and then the browser, at random moments while labels are given by keys: nothing that was confirmed is lost, and the
place is found again.
    kills.py DIPTYCH FOLDER [--times 20]
"""
import argparse
import json
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from playwright.sync_api import expect, sync_playwright


class Server:
    def __init__(self, diptych, store, labels, port="0"):
        self.log = tempfile.NamedTemporaryFile("w+")
        self.process = subprocess.Popen(
            [diptych, "label", store, "--labels", labels, "--task", "single", "--annotator", "ann", "--port", port], stderr=self.log)
        while not (found := re.search(r"serving (http://\S+)\n", pathlib.Path(self.log.name).read_text())):
            assert self.process.poll() is None, pathlib.Path(self.log.name).read_text()
            time.sleep(0.02)
        self.address = found[1]
        self.port = re.search(r":(\d+)/", self.address)[1]

    def kill(self):
        self.process.kill()
        self.process.wait()


def values(diptych, store):
    out = subprocess.run(
        [diptych, "dataset", "show", f"store:{store}", "--format", "jsonl", "--quiet"], check=True, capture_output=True, text=True).stdout
    rows = [json.loads(line) for line in out.splitlines()]
    return {row["id"]: row["annotation.label"] for row in rows if row.get("annotation.label") is not None}


def launch(playwright, profile, address):
    context = playwright.chromium.launch_persistent_context(
        profile, executable_path="/usr/bin/chromium", args=["--no-sandbox"], viewport={"width": 1200, "height": 800})
    context.add_init_script("localStorage.setItem('diptych.label.order', 'listed')")
    page = context.pages[0]
    page.set_default_timeout(20_000)
    page.goto(address)
    page.locator("#stage img").wait_for()
    return context, page


def press(page, key):
    """Presses a key; the decision is confirmed once the next image shows."""
    before = page.locator("#name").inner_text()
    page.keyboard.press(key)
    expect(page.locator("#name")).not_to_have_text(before, timeout=20_000)


def browser_process(profile):
    """The browser's own process with this profile."""
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            command = pathlib.Path(f"/proc/{name}/cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if f"--user-data-dir={profile}".encode() in command and not any(part.startswith(b"--type=") for part in command):
            return int(name)
    raise AssertionError("there is no browser")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("diptych")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--times", type=int, default=20)
    options = parser.parse_args()
    shutil.rmtree(options.folder, ignore_errors=True)
    options.folder.mkdir(parents=True)
    pictures, store, labels = options.folder / "pictures", str(options.folder / "label.store"), str(options.folder / "labels.txt")
    count = 40 * options.times
    subprocess.run([options.diptych, "pictures", "--count", str(count), "--seed", "4", "--output", pictures, "--quiet"], check=True)
    subprocess.run([options.diptych, "index", pictures, "--store", store, "--quiet"], check=True, stdout=subprocess.DEVNULL)
    pathlib.Path(labels).write_text("red\nblue\ngreen\n")
    server = Server(options.diptych, store, labels)
    moments, confirmed = random.Random(18), 0
    with sync_playwright() as playwright:
        profile = str(options.folder / "profile")
        context, page = launch(playwright, profile, server.address)
        for turn in range(options.times):
            end = time.monotonic() + moments.random() * 0.5
            while time.monotonic() < end:
                press(page, moments.choice("123"))
                confirmed += 1
            server.kill()
            press(page, "2")
            confirmed += 1
            server = Server(options.diptych, store, labels, server.port)
            expect(page.locator("#saved")).to_have_text("All saved", timeout=20_000)
            found = len(values(options.diptych, store))
            assert found == confirmed, f"server kill {turn + 1}: {confirmed} decisions were confirmed, {found} are there"
        print(f"server killed {options.times} times: {confirmed} decisions confirmed, all there")
        first = confirmed
        for turn in range(options.times):
            if turn % 2 == 1:
                # What the browser alone has kept must survive it too.
                server.kill()
            for _ in range(moments.randrange(1, 6)):
                press(page, moments.choice("123"))
                confirmed += 1
            page.wait_for_timeout(moments.random() * 20)
            os.kill(browser_process(profile), signal.SIGKILL)
            try:
                context.close()
            except Exception:
                pass
            if turn % 2 == 1:
                server = Server(options.diptych, store, labels, server.port)
            context, page = launch(playwright, profile, server.address)
            # What waited in the browser is sent before the first image shows; "All saved" stands there only then.
            if turn % 2 == 1:
                expect(page.locator("#saved")).to_have_text("All saved", timeout=20_000)
            page.wait_for_timeout(200)
            there = values(options.diptych, store)
            assert len(there) == confirmed, f"browser kill {turn + 1}: {confirmed} decisions were confirmed, {len(there)} are there"
            # The place is found again: the first image without a label.
            name = page.locator("#name").inner_text()
            assert name == f"scene-{confirmed:06}.jpg", f"browser kill {turn + 1}: {name} shows behind {confirmed} decisions"
        print(f"browser killed {options.times} times: {confirmed - first} decisions confirmed, all there, the place found again")
        context.close()
    server.kill()


main()
