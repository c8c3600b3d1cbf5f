"""Decisions over HTTP: what is stored, told apart, taken back and refused."""
import json
import shutil
import subprocess

import pytest

from conftest import DIPTYCH, ended, started
from raw import ask

DECISIONS = "/v1/labels/decisions?task=single"
JSON = "Content-Type: application/json"


@pytest.fixture()
def desk(pictures, tmp_path):
    """A server of a store of its own, and the ids of its items."""
    store = tmp_path / "labels.store"
    subprocess.run([DIPTYCH, "index", pictures[0].parent, "--store", store, "--quiet"], check=True)
    process, address = started(tmp_path / "log", "--store", store, "--port", "0")
    yield address, [item["id"] for item in ask(address, path="/v1/items").json["items"]]
    ended(process)
    shutil.rmtree(store)


def decide(address, *operations):
    return ask(address, "POST", DECISIONS, JSON, body=json.dumps({"operations": operations}).encode())


def test_decisions_are_stored_once_and_taken_back(desk):
    address, items = desk
    first = {"id": "1", "item": items[0], "labels": ["cat"], "ms": 900, "revision": 0}
    assert decide(address, first).json["results"] == [{"id": "1", "status": "stored", "revision": 1}]
    assert decide(address, first).json["results"] == [{"id": "1", "status": "repeated", "revision": 1}]
    # Another window has not seen it.
    late = decide(address, {"id": "2", "item": items[0], "labels": ["dog"], "revision": 0}).json["results"][0]
    assert late["status"] == "conflict" and late["state"]["labels"] == ["cat"]
    group = [{"id": f"g{i}", "item": items[i], "labels": ["dog"], "group": "g"} for i in (1, 2)]
    assert [r["status"] for r in decide(address, *group).json["results"]] == ["stored", "stored"]
    undone = decide(address, {"id": "u", "undo": True}).json["results"][0]
    assert undone["status"] == "undone" and {image["id"] for image in undone["images"]} == set(items[1:3])
    assert ask(address, path="/v1/labels/report?task=single").json["decided"] == 1
    assert decide(address, {"id": "3", "item": "999999", "labels": ["cat"]}).json["results"][0]["status"] == "missing"


@pytest.mark.parametrize("change", [
    {"id": ""}, {"id": "x" * 101}, {"id": "a\0"}, {"labels": [""]}, {"labels": ["a", "b"]}, {"labels": ["a\nb"]}, {"labels": "a"},
    {"ms": -1}, {"revision": 1 << 53}, {"group": "x" * 101}, {"group": "a\0"}, {"other": 1}, {"suggestion": []}, {"adds": 1},
])
def test_what_makes_no_sense_is_refused(desk, change):
    address, items = desk
    answer = decide(address, {"id": "1", "item": items[0], "labels": ["cat"]} | change)
    assert answer.status == 400 and answer.json["detail"]
    assert ask(address, path="/v1/labels/report?task=single").json["decided"] == 0
