"""The real server on a store of drawn pictures, for clients that other people wrote."""
import os
import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
DIPTYCH = os.environ.get("DIPTYCH", str(ROOT / ".build/release/diptych"))


@pytest.fixture(scope="session")
def pictures(tmp_path_factory):
    """Paths of drawn pictures."""
    folder = tmp_path_factory.mktemp("pictures")
    subprocess.run([DIPTYCH, "pictures", "--count", "12", "--seed", "1", "--output", folder, "--quiet"], check=True)
    return sorted(p for p in folder.iterdir() if p.suffix == ".jpg")


@pytest.fixture(scope="session")
def server(pictures, tmp_path_factory):
    """The server's address."""
    store = tmp_path_factory.mktemp("store") / "sample.store"
    subprocess.run([DIPTYCH, "index", pictures[0].parent, "--store", store, "--quiet"], check=True)
    process = subprocess.Popen(
        [DIPTYCH, "serve", "--store", store, "--port", "0", "--undo-minutes", "0"], stderr=subprocess.PIPE, text=True)
    for line in process.stderr:
        if found := re.search(r"serving (http://\S+)", line):
            break
    else:
        raise RuntimeError(f"{DIPTYCH} serve ended without saying where it serves")
    yield found[1]
    assert process.poll() is None, "the server ended during the tests"
    process.terminate()
    assert process.wait(timeout=20) == 0
