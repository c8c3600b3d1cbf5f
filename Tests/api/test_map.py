"""The map of a store: how it is made, what it holds, and that items stay where they are."""
import json
import struct
import subprocess
import time
import urllib.request

import pytest

from conftest import DIPTYCH, ended, started


def get(address, path, method="GET"):
    with urllib.request.urlopen(urllib.request.Request(address + path, method=method), timeout=30) as answer:
        return answer.read()


def ready(address, path="/v1/map", method="GET"):
    end = time.monotonic() + 30
    while time.monotonic() < end:
        state = json.loads(get(address, path, method))
        method = "GET"
        if state["state"] != "making" and not state.get("updating"):
            return state
        time.sleep(0.05)
    raise AssertionError("the map is not ready after 30 seconds")


def points(address, query=""):
    """Each item's place and colour by its id, and what the head says."""
    data = get(address, "/v1/map/points" + query)
    line, _, rest = data.partition(b"\n")
    assert (len(line) + 1) % 4 == 0
    head = json.loads(line)
    count = head["count"]
    places = struct.unpack(f"<{2 * count}f", rest[:8 * count])
    colours = rest[8 * count:9 * count]
    ids = rest[9 * count:].decode().split("\n") if count else []
    assert len(ids) == count
    return head, {id: (places[2 * row], places[2 * row + 1], colours[row]) for row, id in enumerate(ids)}


def test_each_item_has_a_place(server):
    state = ready(server)
    head, places = points(server)
    items, after = [], ""
    while after is not None:
        page = json.loads(get(server, f"/v1/items?limit=100&after={after}"))
        items, after = items + page["items"], page.get("next")
    assert state["state"] == "ready" and state["count"] == head["count"] == len(items)
    assert set(places) == {item["id"] for item in items}
    assert len({place[:2] for place in places.values()}) == len(items)


@pytest.fixture
def labelled(tmp_path, pictures):
    """A server on a store whose items have an attribute, and what adds items up to a number."""
    store, table = tmp_path / "labelled.store", tmp_path / "pictures.jsonl"

    def index(count):
        rows = [{"file": str(picture), "kind": "even" if number % 2 == 0 else "odd"} for number, picture in enumerate(pictures[:count])]
        table.write_text("".join(json.dumps(row) + "\n" for row in rows))
        subprocess.run([DIPTYCH, "index", "--from", table, "--store", store, "--quiet"], check=True)

    index(10)
    process, address = started(tmp_path / "log", "--store", store, "--port", "0")
    yield address, store, index
    ended(process)


def test_what_is_added_is_placed_and_the_others_stay(labelled):
    address, store, index = labelled
    ready(address)
    _, before = points(address)
    index(12)
    ready(address)
    _, after = points(address)
    assert len(before) == 10 and len(after) == 12
    assert all(after[id][:2] == place[:2] for id, place in before.items())
    # Another process finds them where they were too.
    said = subprocess.run([DIPTYCH, "store", "map", "--store", store, "--quiet"], check=True, capture_output=True, text=True).stdout
    assert said.startswith("12 items, 0 of them placed now")


def test_colours_are_the_values_of_an_attribute(labelled):
    address, _, _ = labelled
    state = ready(address)
    assert "kind" in state["attributes"]
    head, places = points(address, "?by=kind")
    assert sorted(zip(head["names"], head["counts"])) == [("even", 5), ("odd", 5)]
    assert sorted(place[2] for place in places.values()) == [1] * 5 + [2] * 5
    _, plain = points(address, "?by=nothing")
    assert {place[2] for place in plain.values()} == {0}


def test_it_can_be_laid_out_again(labelled):
    address, _, _ = labelled
    first = ready(address)
    again = ready(address, method="POST")
    assert again["version"] > first["version"] and again["count"] == first["count"]


def test_without_a_store_there_is_none(tmp_path):
    process, address = started(tmp_path / "log", "--port", "0")
    with pytest.raises(urllib.error.HTTPError) as error:
        get(address, "/v1/map")
    assert error.value.code == 404 and "--store" in json.load(error.value)["detail"]
    ended(process)
