"""Videos over HTTP: embeddings and labels, items of kind video, their moments, frames and parts of files."""
import base64
import json
import subprocess

import pytest

from conftest import DIPTYCH, ended, started
from raw import ask, form, post


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    """Drawn videos, and what is to be seen in them when."""
    folder = tmp_path_factory.mktemp("films")
    subprocess.run([DIPTYCH, "pictures", "--videos", "4", "--seed", "3", "--output", folder, "--quiet"], check=True)
    return folder


@pytest.fixture(scope="module")
def truth(films):
    return [json.loads(line) for line in (films / "videos.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def server(films, tmp_path_factory):
    """A server of a store of videos."""
    store = tmp_path_factory.mktemp("video") / "s.store"
    subprocess.run([DIPTYCH, "index", films, "--store", store, "--quiet"], check=True)
    process, address = started(store.with_suffix(".log"), "--store", store, "--port", "0")
    yield address
    ended(process)


def uri(path):
    return "data:video/mp4;base64," + base64.b64encode(path.read_bytes()).decode()


def test_a_video_is_embedded_as_the_command_does_it(server, films):
    path = films / "video-000000.mp4"
    answer = post(server, "/v1/video/embed", {"video": uri(path), "frames": 4})
    assert answer.status == 200, answer.body
    printed = subprocess.run([DIPTYCH, "video", "embed", path, "--frames", "4", "--quiet"], check=True, capture_output=True, text=True)
    wanted = json.loads(printed.stdout)["embedding"]
    assert sum(a * b for a, b in zip(answer.json["embedding"], wanted)) > 0.999
    assert "damage" not in answer.json


def test_labels_compete_for_a_video(server, films, truth):
    moments = [video["moments"][0]["caption_en"] for video in truth]
    answer = post(server, "/v1/video/classify", {"video": uri(films / truth[0]["file"]), "labels": moments, "top": 2})
    assert answer.status == 200, answer.body
    predictions = answer.json["predictions"]
    assert len(predictions) == 2 and predictions[0]["probability"] >= predictions[1]["probability"]


@pytest.mark.parametrize("members, says", [
    ({"video": "data:video/mp4;base64,d29yZHM="}, "video"),
    ({"video": "/etc/passwd"}, "video"),
    ({}, "video"),
    ({"video": "data:,x", "frames": 0}, "frames"),
])
def test_what_is_no_video_is_refused_in_one_line(server, members, says):
    answer = post(server, "/v1/video/embed", members)
    assert answer.status == 400 and says in answer.json["detail"] and "\n" not in answer.json["detail"]


def test_a_search_gives_moments(server, truth):
    video = truth[1]
    moment = video["moments"][0]
    hit = post(server, "/v1/search", {"text": moment["caption_en"], "k": 1}).json["results"][0]
    assert hit["attributes"]["kind"] == "video" and hit["start"] <= hit["best"] <= hit["end"]
    assert f"time={hit['best']}" in hit["thumbnail"]
    frame = ask(server, "GET", hit["thumbnail"])
    assert frame.status == 200 and frame.body.startswith(b"\xff\xd8")
    listed = ask(server, "GET", f"/v1/items/{hit['id']}/moments").json["moments"]
    assert listed[0]["start"] == 0 and all(a["end"] == b["start"] for a, b in zip(listed, listed[1:]))
    within = post(server, "/v1/search", {"text": moment["caption_en"], "k": 1, "filter": f"id = '{hit['id']}'"}).json["results"][0]
    assert {(one["start"], one["end"]) for one in within["moments"]} <= {(one["start"], one["end"]) for one in listed}


def test_a_frame_is_searched_for(server):
    item = ask(server, "GET", "/v1/items?limit=1").json["items"][0]
    best = ask(server, "GET", f"/v1/items/{item['id']}/moments").json["moments"][0]["best"]
    hit = post(server, "/v1/search", {"item": item["id"], "time": best, "k": 1}).json["results"][0]
    assert hit["id"] == item["id"] and hit["start"] == 0 and hit["similarity"] > 0.98
    assert post(server, "/v1/search", {"text": "x", "time": 1}).status == 400


def test_parts_of_the_file_are_sent(server, films):
    item = ask(server, "GET", "/v1/items?limit=1").json["items"][0]
    whole = (films / item["name"]).read_bytes()
    answer = ask(server, "GET", item["original"])
    assert answer.status == 200 and answer.body == whole and answer.headers["content-type"] == "video/mp4"
    part = ask(server, "GET", item["original"], "Range: bytes=100-299")
    assert part.status == 206 and part.body == whole[100:300]
    assert part.headers["content-range"] == f"bytes 100-299/{len(whole)}"
    end = ask(server, "GET", item["original"], "Range: bytes=-50")
    assert end.status == 206 and end.body == whole[-50:]
    assert ask(server, "GET", item["original"], f"Range: bytes={len(whole)}-").status == 416


def test_a_video_is_added_and_found(server, tmp_path):
    subprocess.run([DIPTYCH, "pictures", "--videos", "1", "--seed", "99", "--output", tmp_path, "--quiet"], check=True)
    content = (tmp_path / "video-000000.mp4").read_bytes()
    caption = json.loads((tmp_path / "videos.jsonl").read_text())["moments"][0]["caption_en"]
    def add(*parts):
        body, kind = form([("file", "mine.mp4", content), *parts])
        return ask(server, "POST", "/v1/items", kind, body=body)

    answer = add(("caption", None, b"my film"))
    assert answer.status == 201, answer.body
    assert answer.json["attributes"]["kind"] == "video" and answer.json["name"] == "mine.mp4"
    again = add()
    assert again.status == 200 and again.json["id"] == answer.json["id"]
    hit = post(server, "/v1/search", {"text": caption, "filter": f"id = '{answer.json['id']}'"}).json["results"][0]
    assert hit["start"] < hit["end"]
