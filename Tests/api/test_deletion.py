"""What is removed is gone when its time is over, whatever happens to the server meanwhile; and what is not stays."""
import os
import shutil
import signal
import subprocess
import time

import pytest

from conftest import DIPTYCH, ended, started
from raw import ask, form, png, post


@pytest.fixture
def store(pictures, tmp_path):
    store = tmp_path / "s.store"
    subprocess.run([DIPTYCH, "index", pictures[0].parent, "--store", store, "--quiet"], check=True)
    return store


def serve(store, minutes, *options):
    return started(store.with_suffix(".log"), "--store", store, "--port", "0", "--undo-minutes", str(minutes), *options)


def add(address, colour=(1, 2, 3), **fields):
    body, type = form([("file", "x.png", png(colour)), *((name, None, value.encode()) for name, value in fields.items())])
    return ask(address, "POST", "/v1/items", type, body=body)


def files(store):
    return sorted(str(p.relative_to(store)) for folder in ("pictures", "thumbnails") for p in (store / folder).rglob("*") if p.is_file())


def until(condition, seconds=12):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_every_file_goes_with_its_item(store):
    process, address = serve(store, 0.02)
    one, two = add(address).json["id"], add(address, (4, 5, 6)).json["id"]
    for identifier in (one, two):
        for size in (64, 1024):
            assert ask(address, path=f"/v1/items/{identifier}/thumbnail?size={size}").status == 200
    assert len(files(store)) == 6
    assert ask(address, "DELETE", f"/v1/items/{one}").status == 200
    until(lambda: len(files(store)) == 3)
    assert ask(address, path=f"/v1/items/{two}/original").body == png((4, 5, 6))
    ended(process)


def test_undoing_outlives_the_server(store):
    process, address = serve(store, 10)
    identifier = add(address, caption="mine").json["id"]
    indexed = "1"
    ends = [ask(address, "DELETE", f"/v1/items/{i}").json["restorable_until"] for i in (identifier, indexed)]
    assert all(580 < end - time.time() < 620 for end in ends)
    process.send_signal(signal.SIGKILL)
    process.wait()
    process, address = serve(store, 10)
    assert ask(address, path=f"/v1/items/{identifier}").status == 404
    assert ask(address, "POST", f"/v1/items/{identifier}/restore").json["attributes"]["caption"] == "mine"
    assert ask(address, "DELETE", f"/v1/items/{identifier}").status == 200
    ended(process)
    process, address = serve(store, 10)
    for i in (identifier, indexed):
        assert ask(address, "POST", f"/v1/items/{i}/restore").status == 200
    ended(process)


def test_what_was_promised_to_go_goes_after_a_crash(store):
    process, address = serve(store, 0.01)
    identifier = add(address).json["id"]
    ask(address, path=f"/v1/items/{identifier}/thumbnail")
    assert ask(address, "DELETE", f"/v1/items/{identifier}").status == 200
    process.send_signal(signal.SIGKILL)
    process.wait()
    time.sleep(0.7)
    process, address = serve(store, 10)
    until(lambda: files(store) == [], 3)
    assert ask(address, "POST", f"/v1/items/{identifier}/restore").status == 404
    ended(process)


def test_files_of_no_item_go(store):
    process, address = serve(store, 10)
    kept, removed = add(address).json, add(address, (4, 5, 6)).json
    for item in (kept, removed):
        ask(address, path=f"/v1/items/{item['id']}/thumbnail")
    ended(process)
    # Removed while no server ran, and written just before a crash, an hour ago.
    subprocess.run([DIPTYCH, "store", "remove", "--store", store, removed["id"]], check=True, capture_output=True)
    stray = store / "pictures" / "ab" / ("ab" * 32 + ".png")
    stray.parent.mkdir()
    stray.write_bytes(png((7, 8, 9)))
    for path in (store / "pictures").rglob("*.png"):
        os.utime(path, (time.time() - 7200,) * 2)
    process, address = serve(store, 10)
    until(lambda: len(files(store)) == 2)
    assert ask(address, path=f"/v1/items/{kept['id']}/original").body == png((1, 2, 3))
    ended(process)


def test_the_same_bytes_again(store):
    process, address = serve(store, 10)
    first = add(address, caption="hello", attributes='{"album": "x", "n": 1}')
    assert first.status == 201 and first.json["exists"] is False
    for fields, caption, members in [({}, "hello", {"album": "x", "n": 1}), ({"attributes": '{"n": 2, "m": 3}'}, "hello", {"album": "x", "n": 2, "m": 3}), ({"caption": "other"}, "other", {"album": "x", "n": 2, "m": 3})]:
        again = add(address, **fields)
        assert again.status == 200 and again.json["exists"] is True and again.json["id"] == first.json["id"]
        attributes = again.json["attributes"]
        assert attributes["caption"] == caption and {key: attributes[key] for key in members} == members
    # Removed, it is new.
    ask(address, "DELETE", f"/v1/items/{first.json['id']}")
    new = add(address)
    assert new.status == 201 and "caption" not in new.json["attributes"]
    ended(process)


@pytest.mark.parametrize("fields", [{"caption": "a\0b"}, {"caption": "x" * 70_000}, {"attributes": "[]"}, {"attributes": '{"a": ' + "[" * 30 + "]" * 30 + "}"}, {"attributes": '{"a": "' + "x" * 70_000 + '"}'}, {"nonsense": "1"}])
def test_a_refused_upload_leaves_nothing(store, fields):
    process, address = serve(store, 10)
    answer = add(address, **fields)
    assert answer.status in (400, 413) and files(store) == []
    assert str(store).encode() not in answer.body and b"pictures/" not in answer.body
    ended(process)


def test_merging_beyond_a_limit_changes_nothing(store):
    process, address = serve(store, 10)
    item = add(address, attributes='{"a": "' + "x" * 40_000 + '"}').json
    before = files(store)
    assert add(address, attributes='{"b": "' + "x" * 40_000 + '"}').status == 400
    assert files(store) == before and "b" not in ask(address, path=f"/v1/items/{item['id']}").json["attributes"]
    ended(process)


def test_only_what_was_indexed_is_served(pictures, tmp_path):
    folder, store, outside = tmp_path / "pictures", tmp_path / "s.store", tmp_path / "outside"
    folder.mkdir(), outside.mkdir()
    names = ["a.jpg", "b.jpg", "c.jpg", "d.jpg", "e.jpg", "f.jpg"]
    for name, source in zip(names, pictures):
        shutil.copy(source, folder / name)
    (folder / "sub").mkdir()
    shutil.copy(pictures[6], folder / "sub" / "g.jpg")
    shutil.copy(pictures[7], outside / "linked.jpg")
    (folder / "h.jpg").symlink_to(outside / "linked.jpg")
    subprocess.run([DIPTYCH, "index", folder, "--store", store, "--quiet"], check=True)
    secret, text = outside / "secret.jpg", outside / "secret.txt"
    shutil.copy(pictures[9], secret)
    text.write_text("root:x:0:0")
    process, address = serve(store, 10)
    items = {item["path"]: item["id"] for item in ask(address, path="/v1/items?limit=100").json["items"]}

    def original(name):
        answer = ask(address, path=f"/v1/items/{items[name]}/original")
        return answer.body if answer.status == 200 else answer.status

    def thumbnail(name):
        return ask(address, path=f"/v1/items/{items[name]}/thumbnail?size=64").status

    assert original("a.jpg") == pictures[0].read_bytes()
    # A link that was indexed as one leads to what was indexed.
    assert original("h.jpg") == pictures[7].read_bytes()
    for name, target in [("b.jpg", secret), ("c.jpg", text)]:
        (folder / name).unlink()
        (folder / name).symlink_to(target)
    (folder / "d.jpg").write_text("not a picture any more")
    shutil.copy(pictures[8], folder / "e.jpg")
    (folder / "f.jpg").unlink()
    os.mkfifo(folder / "f.jpg")
    shutil.move(folder / "sub", folder / "old")
    (outside / "sub").mkdir()
    shutil.copy(secret, outside / "sub" / "g.jpg")
    (folder / "sub").symlink_to(outside / "sub")
    for name in ["b.jpg", "c.jpg", "d.jpg", "f.jpg", "g.jpg"]:
        assert original(name) == 404 and thumbnail(name) == 404, name
    # Its owner changed it, where it was: the next indexing takes it in.
    assert original("e.jpg") == pictures[8].read_bytes() and thumbnail("e.jpg") == 200
    # What was linked moves on, and with it what the link leads to.
    shutil.copy(pictures[9], outside / "linked.jpg")
    assert original("h.jpg") == 404
    ended(process)


def test_answers_tell_no_paths(store, pictures):
    folder = str(pictures[0].parent)
    process, address = serve(store, 10)
    item = add(address).json["id"]
    answers = [ask(address, path=path) for path in ["/v1/items", f"/v1/items/{item}", "/v1/status", "/v1/session", "/metrics", "/v1/models", "/v1/items/1/original"]]
    answers += [post(address, "/v1/search", {"text": "a", "group": 0.1, "k": 50}), ask(address, "POST", f"/v1/items/{item}/restore"), ask(address, "DELETE", f"/v1/items/{item}")]
    assert all(answer.status == 200 for answer in answers)
    for answer in answers:
        assert folder.encode() not in answer.body and str(store.parent).encode() not in answer.body
    assert {hit["path"] for hit in answers[-3].json["results"]} >= {"scene-000001.jpg"}
    ended(process)
    process, address = serve(store, 10, "--show-paths")
    assert ask(address, path="/v1/items/1").json["path"].startswith(folder + "/")
    ended(process)
