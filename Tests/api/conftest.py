"""The real server on a store of drawn images, for clients that other people wrote."""
import os
import pathlib
import re
import subprocess
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
DIPTYCH = os.environ.get("DIPTYCH", str(ROOT / ".build/release/diptych"))


def started(log, *arguments, **options):
    """The process of a server, and its address. What it says goes into the file `log`: a pipe that nobody reads would
    stop it sooner or later."""
    with open(log, "w") as output:
        process = subprocess.Popen([DIPTYCH, "serve", *arguments], stderr=output, **options)
    while not (found := re.search(r"serving (https?://\S+)\n", log.read_text())):
        assert process.poll() is None, f"{DIPTYCH} serve ended without saying where it serves: {log.read_text()}"
        time.sleep(0.02)
    return process, found[1]


def ended(process):
    """Stops a server, which must still run."""
    assert process.poll() is None, "the server ended during the tests"
    process.terminate()
    assert process.wait(timeout=20) == 0


@pytest.fixture(scope="session")
def pictures(tmp_path_factory):
    """Paths of drawn images."""
    folder = tmp_path_factory.mktemp("pictures")
    subprocess.run([DIPTYCH, "pictures", "--count", "12", "--seed", "1", "--output", folder, "--quiet"], check=True)
    return sorted(p for p in folder.iterdir() if p.suffix == ".jpg")


@pytest.fixture(scope="session")
def server(pictures, tmp_path_factory):
    """The server's address."""
    store = tmp_path_factory.mktemp("store") / "sample.store"
    subprocess.run([DIPTYCH, "index", pictures[0].parent, "--store", store, "--quiet"], check=True)
    process, address = started(store.with_suffix(".log"), "--store", store, "--port", "0", "--undo-minutes", "0")
    yield address
    ended(process)
