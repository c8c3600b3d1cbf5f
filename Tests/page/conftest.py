"""The real server on a store of drawn pictures, and a browser that watches what a page does while a test drives it."""
import json
import os
import pathlib
import re
import subprocess
import tempfile
import time

import pytest
from playwright.sync_api import sync_playwright

from visit import Visit

ROOT = pathlib.Path(__file__).resolve().parents[2]
DIPTYCH = os.environ.get("DIPTYCH", str(ROOT / ".build/release/diptych"))
SIZES = {"phone": (390, 844), "desktop": (1440, 900)}


class Server:
    """`diptych serve`, or another command that serves, on a port of its own, until `stop`."""

    def __init__(self, *options, port="0", command="serve"):
        # A file, because a pipe that nobody reads would stop the server sooner or later.
        with tempfile.NamedTemporaryFile("w+") as log:
            self.process = subprocess.Popen([DIPTYCH, command, *options, "--port", port], stderr=log)
            while not (found := re.search(r"serving (http://\S+)\n", pathlib.Path(log.name).read_text())):
                assert self.process.poll() is None, f"{DIPTYCH} serve ended without saying where it serves"
                time.sleep(0.02)
        self.address = found[1].rstrip("/")

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=20)


@pytest.fixture(scope="session")
def pictures(tmp_path_factory):
    """A folder of 60 drawn pictures."""
    folder = tmp_path_factory.mktemp("pictures")
    subprocess.run([DIPTYCH, "pictures", "--count", "60", "--seed", "1", "--output", folder], check=True)
    return folder


@pytest.fixture(scope="session")
def captions(pictures):
    """What each picture shows, in English, by the file's name."""
    lines = (pictures / "captions.jsonl").read_text().splitlines()
    return {entry["file"]: entry["caption_en"] for entry in map(json.loads, lines)}


@pytest.fixture(scope="session")
def store(pictures, tmp_path_factory):
    """A store of the pictures."""
    store = tmp_path_factory.mktemp("store") / "sample.store"
    subprocess.run([DIPTYCH, "index", pictures, "--store", store], check=True)
    return store


@pytest.fixture(scope="session")
def server(store):
    server = Server("--store", str(store))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def browser():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(params=SIZES)
def size(request):
    """The screen's size; a test that uses it runs once for each."""
    return request.param


@pytest.fixture
def open_context(browser, size):
    """Makes a context of the browser with some of its settings; all are closed after the test."""
    made = []

    def make(**settings):
        width, height = SIZES[size]
        options = {"viewport": {"width": width, "height": height}, "locale": "en-GB", "has_touch": size == "phone"}
        made.append(browser.new_context(**{**options, **settings}))
        return made[-1]

    yield make
    for context in made:
        context.close()


@pytest.fixture
def visit(server, open_context):
    """A visit to the server with no page open yet. Afterwards: nothing but the server was asked, and nothing complained."""
    visit = Visit(server.address, open_context())
    yield visit
    visit.check()


@pytest.fixture
def home(visit):
    """A visit that has opened the search page."""
    visit.open("/")
    return visit
