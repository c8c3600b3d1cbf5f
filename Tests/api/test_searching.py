"""Searches by vectors and several images, orders, pages of lists, and whether a text was cut."""
import base64
import json
import os
import subprocess

import pytest

from conftest import DIPTYCH, ended, started
from raw import ask, form, png, post


@pytest.fixture(scope="module")
def server(pictures, tmp_path_factory):
    """A server of the images and of no others."""
    store = tmp_path_factory.mktemp("searching") / "s.store"
    command_line("index", pictures[0].parent, "--store", store)
    process, address = started(store.with_suffix(".log"), "--store", store, "--port", "0")
    yield address
    ended(process)


def uri(path):
    return "data:image/jpeg;base64," + base64.b64encode(path.read_bytes()).decode()


def search(server, **members):
    answer = post(server, "/v1/search", members)
    assert answer.status == 200, answer.body
    return answer.json["results"]


def ids(results):
    return [result["id"] for result in results]


def command_line(*arguments):
    output = subprocess.run([DIPTYCH, *arguments, "--quiet"], check=True, capture_output=True, text=True).stdout
    return output


@pytest.fixture(scope="module")
def dated(pictures, tmp_path_factory):
    """A server of images whose names and times are in other orders than their ids."""
    folder = tmp_path_factory.mktemp("dated")
    names = ["b.jpg", "a.jpg", "C.jpg", "ä.jpg", "c2.jpg", "10.jpg", "9.jpg", "Z.jpg"]
    times = [5, 3, 8, 1, 7, 3, 2, 6]
    store = folder / "s.store"
    for picture, name, time in zip(pictures, names, times):
        path = folder / "in" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(picture.read_bytes())
        os.utime(path, (1_700_000_000 + time, 1_700_000_000 + time))
        subprocess.run([DIPTYCH, "index", path, "--store", store, "--quiet"], check=True)
    process, address = started(folder / "log", "--store", store, "--port", "0", "--undo-minutes", "10")
    yield address, store, dict(zip(names, times))
    ended(process)


BY_NAME = ["10.jpg", "9.jpg", "a.jpg", "b.jpg", "C.jpg", "c2.jpg", "Z.jpg", "ä.jpg"]


def test_orders_of_results(dated):
    address, store, times = dated
    best = search(address, text="a red circle", k=5)
    assert search(address, text="a red circle", k=5, sort="similarity") == best
    found = {result["name"] for result in best}
    for sort, names in [("name", [n for n in BY_NAME if n in found]), ("-name", [n for n in reversed(BY_NAME) if n in found]), ("-similarity", [r["name"] for r in reversed(best)])]:
        results = search(address, text="a red circle", k=5, sort=sort)
        # The five best, in another order, each with its rank.
        assert [result["name"] for result in results] == names, sort
        assert {r["id"]: r["rank"] for r in results} == {r["id"]: r["rank"] for r in best}
    for sort, sign in [("date", 1), ("-date", -1)]:
        moments = [sign * times[r["name"]] for r in search(address, text="a red circle", k=8, sort=sort)]
        assert moments == sorted(moments)
    output = json.loads(command_line("search", "--store", store, "a red circle", "-k", "5", "--sort", "-name", "--format", "json"))
    assert ids(output["results"]) == ids(search(address, text="a red circle", k=5, sort="-name"))
    for wrong in ["size", "", "--name", "Name", "date ", "- date"]:
        answer = post(address, "/v1/search", {"text": "a", "sort": wrong})
        assert answer.status == 400 and "similarity, date or name" in answer.json["detail"], wrong
    assert subprocess.run([DIPTYCH, "search", "--store", store, "a", "--sort", "size"], capture_output=True).returncode == 2


def listed(address, limit, **fields):
    """The names of all items, a page at a time."""
    names, after = [], ""
    for _ in range(20):
        query = "&".join(f"{name}={value}" for name, value in {**fields, "limit": limit, **({"after": after} if after else {})}.items())
        answer = ask(address, path=f"/v1/items?{query}")
        assert answer.status == 200, answer.body
        names += [item["name"] for item in answer.json["items"]]
        after = answer.json["next"]
        if after is None:
            return names
    raise AssertionError("the list does not end")


def test_orders_of_lists(dated):
    address, _, times = dated
    # Equal times are in the order of ids; a.jpg was added before 10.jpg.
    by_date = ["ä.jpg", "9.jpg", "a.jpg", "10.jpg", "b.jpg", "Z.jpg", "c2.jpg", "C.jpg"]
    for limit in (1, 3, 8, 100):
        assert listed(address, limit) == list(times)
        assert listed(address, limit, sort="name") == BY_NAME
        assert listed(address, limit, sort="-name") == BY_NAME[::-1]
        assert listed(address, limit, sort="date") == by_date
        assert listed(address, limit, sort="-date") == by_date[::-1]
    assert listed(address, 2, sort="name", filter="name%20%3E%3D%20'a'") == ["a.jpg", "b.jpg", "c2.jpg", "ä.jpg"]
    for query in ["sort=similarity", "sort=id", "sort=--name", "sort=name&after=5", "sort=date&after=n1-61-1", "sort=name&after=d1-0-1", "sort=name&after=n1-6-1", "sort=name&after=n1-ff-1",
                  "sort=name&after=n1-61--1", "sort=date&after=d1-zzzzzzzzzzzzzzzzzz-1", "sort=date&after=d1-0-zzzzzzzzzzzzzzzzzzzzz", "after=n1-61-1"]:
        assert ask(address, path=f"/v1/items?{query}").status == 400, query


def test_pages_go_on_when_items_go(dated):
    address, _, _ = dated
    first = ask(address, path="/v1/items?sort=name&limit=3").json
    gone = first["items"][2]["id"]
    assert ask(address, "DELETE", f"/v1/items/{gone}").status == 200
    rest = ask(address, path=f"/v1/items?sort=name&limit=100&after={first['next']}").json
    assert [item["name"] for item in rest["items"]] == BY_NAME[3:]
    assert ask(address, "POST", f"/v1/items/{gone}/restore").status == 200


def test_search_by_vector(server, pictures):
    for arguments, members in [(["--text", "two stars"], {"text": "two stars"}), (["--image", pictures[3]], {"image": uri(pictures[3])})]:
        vector = json.loads(command_line("embed", *arguments))["embedding"]
        expected = search(server, **members, k=12)
        for scale in (1, 1000, 1e-6):
            results = search(server, vector=[value * scale for value in vector], k=12)
            assert ids(results) == ids(expected)
            assert max(abs(a["similarity"] - b["similarity"]) for a, b in zip(results, expected)) < 1e-4
            # What it stands for is not known, so neither is how probable a match is.
            assert not any("match_probability" in result for result in results)
    body, type = form([("vector", None, json.dumps(vector).encode()), ("k", None, b"12")])
    assert ids(ask(server, "POST", "/v1/search", type, body=body).json["results"]) == ids(expected)
    for wrong, words in [([1, 2], "128"), (vector + [0], "128"), ([], "128"), ([0] * 128, "zeros"), ([1e300] * 128, "finite"), (["a"] * 128, "numbers"), ("a", "numbers"), ([None] * 128, "numbers"), ([[1]] * 128, "numbers")]:
        answer = post(server, "/v1/search", {"vector": wrong})
        assert answer.status == 400 and words in answer.json["detail"] and answer.json["field"] == "vector", (wrong[:2], answer.body)
    for text in ["NaN", "Infinity", "1e400", "-1e999"]:
        assert ask(server, "POST", "/v1/search", "Content-Type: application/json", body=f'{{"vector": [{", ".join([text] * 128)}]}}'.encode()).status == 400
    assert post(server, "/v1/search", {"vector": vector, "only_relevant": True}).status == 400


def test_several_images(server, pictures, tmp_path):
    store = tmp_path / "s.store"
    command_line("index", pictures[0].parent, "--store", store)
    chosen = [pictures[1], pictures[4], pictures[7]]
    line = json.loads(command_line("search", "--store", store, *[word for path in chosen for word in ("--image", path)], "-k", "8", "--format", "json"))["results"]
    results = search(server, images=[uri(path) for path in chosen], k=8)
    assert [r["path"] for r in results] == [os.path.basename(r["path"]) for r in line]
    assert max(abs(a["similarity"] - b["similarity"]) for a, b in zip(results, line)) < 1e-5
    # In a form, beside one, and with a text.
    body, type = form([("images", "x.jpg", path.read_bytes()) for path in chosen] + [("k", None, b"8")])
    assert ids(ask(server, "POST", "/v1/search", type, body=body).json["results"]) == ids(results)
    assert ids(search(server, image=uri(chosen[0]), images=[uri(path) for path in chosen[1:]], k=8)) == ids(results)
    assert len(search(server, images=[uri(chosen[0])], text="a star")) == 10
    assert post(server, "/v1/search", {"images": []}).status == 400
    answer = post(server, "/v1/search", {"images": [uri(chosen[0])] * 65})
    assert answer.status == 400 and "64" in answer.json["detail"]
    assert "images[1]" in post(server, "/v1/search", {"images": [uri(chosen[0]), "data:,x"]}).json["detail"]


def test_embeddings_in_results(server, pictures):
    results = search(server, text="a star", k=3, include_embeddings=True)
    for result in results:
        path = next(p for p in pictures if p.name == result["name"])
        expected = json.loads(command_line("embed", "--image", path))["embedding"]
        assert max(abs(a - b) for a, b in zip(result["embedding"], expected, strict=True)) < 1e-5
    assert "embedding" not in search(server, text="a star", k=1)[0]
    assert "embedding" not in search(server, text="a star", k=1, include_embeddings=False)[0]


def test_whether_a_text_was_cut(server, pictures, tmp_path):
    long = "red circle " * 200
    cut = json.loads(command_line("tokenize", long))["truncated"]
    assert cut > 0
    for path, members, count in [
        ("/v1/search", {"text": long}, cut), ("/v1/search", {"text": "a", "minus": [long, long + "x"]}, None), ("/v1/search", {"text": "a"}, 0),
        ("/similarity", {"query": long, "candidates": ["a"]}, cut), ("/similarity", {"query": "a", "candidates": ["b", long]}, cut), ("/similarity", {"query": "a", "candidates": ["b"]}, 0),
        ("/v1/classify", {"image": uri(pictures[0]), "labels": [long, "a"]}, cut), ("/v1/classify", {"image": uri(pictures[0]), "labels": ["b", "a"]}, 0),
    ]:
        said = post(server, path, members).json.get("truncated")
        assert said == (count or None) if count is not None else said >= 2 * cut, (path, said, cut)
    store = tmp_path / "s.store"
    command_line("index", pictures[0], "--store", store)
    for command in (["embed", "--text", long], ["search", "--store", store, long]):
        result = subprocess.run([DIPTYCH, *command], capture_output=True, text=True)
        assert result.returncode == 0 and "warning" in result.stderr and str(cut) in result.stderr, result.stderr
