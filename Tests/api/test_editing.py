"""Captions, attributes and tags of many items at a time, and images taken home in a zip file."""
import io
import json
import subprocess
import urllib.request
import zipfile

import pytest

from conftest import DIPTYCH, ended, started
from raw import ask

JSON = "Content-Type: application/json"


@pytest.fixture(scope="module")
def editable(pictures, tmp_path_factory):
    store = tmp_path_factory.mktemp("editable") / "e.store"
    subprocess.run([DIPTYCH, "index", pictures[0].parent, "--store", store, "--quiet"], check=True)
    process, address = started(store.with_suffix(".log"), "--store", store, "--port", "0")
    yield address
    ended(process)


def patch(address, *items):
    return ask(address, "PATCH", "/v1/items", JSON, body=json.dumps({"items": items}).encode())


def attributes(address, item):
    return ask(address, path=f"/v1/items/{item}").json["attributes"]


def test_many_are_changed_at_once(editable):
    reply = patch(
        editable, {"id": "1", "caption": "red <b>x</b>", "attributes": {"rating": 4, "place": {"city": "Ulm"}}, "add_tags": ["a", "b"]},
        {"id": "2", "add_tags": ["b", "b"]}, {"id": "3"})
    assert reply.status == 200 and [item["id"] for item in reply.json["items"]] == ["1", "2", "3"]
    one = attributes(editable, 1)
    assert one["caption"] == "red <b>x</b>" and one["rating"] == 4 and one["place"] == {"city": "Ulm"} and one["tags"] == ["a", "b"]
    assert attributes(editable, 2)["tags"] == ["b"]
    # What a filter finds is what was said.
    found = ask(editable, path="/v1/items?filter=tags%20has%20'b'").json["items"]
    assert [item["id"] for item in found] == ["1", "2"]
    assert patch(editable, {"id": "1", "caption": None, "attributes": {"rating": None}, "remove_tags": ["a", "z"]}).status == 200
    one = attributes(editable, 1)
    assert "caption" not in one and "rating" not in one and one["place"] == {"city": "Ulm"} and one["tags"] == ["b"]
    assert patch(editable, {"id": "1", "remove_tags": ["b"]}).status == 200
    assert "tags" not in attributes(editable, 1)


@pytest.mark.parametrize("wrong, status, words", [
    ([], 400, "at least one"),
    ([{"id": "4", "caption": "x"}, {"id": "999"}], 404, "'999'; nothing was done"),
    ([{"id": "4", "caption": "x"}, {"caption": "y"}], 400, "items[1]"),
    ([{"id": "4", "caption": 3}], 400, "caption"),
    ([{"id": "4", "caption": "x", "tagz": []}], 400, "tagz"),
    ([{"id": "4", "caption": "x"}, {"id": "4"}], 400, "once more"),
    ([{"id": "4", "caption": "x", "add_tags": [" "]}], 400, "add_tags"),
    ([{"id": "4", "caption": "x"}, {"id": "5", "attributes": {"big": "x" * 70_000}}], 400, "items[1]"),
    ([{"id": "4", "caption": "x\0y"}], 400, "zero byte"),
    ([{"id": "../4", "caption": "x"}], 404, "no item"),
])
def test_what_is_wrong_changes_nothing(editable, wrong, status, words):
    reply = patch(editable, *wrong)
    assert reply.status == status and words in reply.json["detail"]
    assert "caption" not in attributes(editable, 4)


def test_images_are_taken_home(editable, pictures):
    assert patch(editable, {"id": "6", "caption": "six"}).status == 200
    ask(editable, "POST", "/v1/labels/decisions?task=single", JSON,
        body=json.dumps({"operations": [{"id": "d", "item": "6", "labels": ["cat"]}]}).encode())
    asked = urllib.request.Request(
        f"{editable}/v1/items/download", json.dumps({"ids": ["6", "7", "6"]}).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(asked, timeout=30) as reply:
        assert reply.headers["content-type"] == "application/zip"
        archive = zipfile.ZipFile(io.BytesIO(reply.read()))
    assert archive.testzip() is None
    items = json.loads(archive.read("manifest.json"))["items"]
    assert [item["id"] for item in items] == ["6", "7"] and archive.namelist() == [items[0]["file"], items[1]["file"], "manifest.json"]
    assert items[0]["attributes"]["caption"] == "six" and items[0]["labels"] == {"label": "cat"} and items[1]["labels"] == {}
    bytes_of = {picture.name: picture.read_bytes() for picture in pictures}
    for item in items:
        assert archive.read(item["file"]) == bytes_of[item["file"]]
    assert ask(editable, "POST", "/v1/items/download", JSON, body=b'{"ids": ["6", "999"]}').status == 404
    assert ask(editable, "POST", "/v1/items/download", JSON, body=b'{"ids": []}').status == 400
