"""Original files: what they are called, whether they changed, and parts of them; and answers that are compressed."""
import gzip
import json
import urllib.parse

import pytest

from raw import Answer, ask, connect, form, png, post, until_ready

DATA = png((9, 8, 7))


def add(server, name, colour):
    body, type = form([("file", name, png(colour))])
    answer = ask(server, "POST", "/v1/items", type, body=body)
    assert answer.status == 201, answer.body
    return answer.json


@pytest.fixture(scope="module")
def item(server):
    return add(server, "ferien am see.png", (9, 8, 7))


@pytest.mark.parametrize("given, kept", [
    ("photo.png", "photo.png"), ("ferien am see.png", "ferien am see.png"), ("猫 1.png", "猫 1.png"), ("C:\\\\Users\\\\me\\\\x.png", "x.png"), ("../../etc/passwd.png", "passwd.png"),
    ("/abs/y.png", "y.png"), ("a\u202egnp.png", "agnp.png"), ("tab\there.png", "tabhere.png"), ("q;filename=evil.exe", "q;filename=evil.exe"), ("semi;colon.png", "semi;colon.png"),
    ("100%.png", "100%.png"), ("x" * 400 + ".png", "x" * 255), ("<b>.png", "<b>.png"), ("back\\\\", "back"), ("..", None), ("  ", None), ("quote%22.png", 'quote".png'),
])
def test_names(server, given, kept):
    # Each name needs a picture of its own: the first name of a picture stays.
    number = sum(given.encode()) * 31 + len(given)
    answer = add(server, given, (number % 256, number // 256 % 256, 200))
    name = answer["name"]
    if kept is None:
        assert name.endswith(".png") and len(name) > 60
    else:
        assert name == kept
        assert answer["attributes"]["original_name"] == kept
    found = post(server, "/v1/search", {"item": "1", "k": 1000}).json["results"]
    assert name in [result["name"] for result in found]
    header = ask(server, path=f"/v1/items/{answer['id']}/original").headers["content-disposition"]
    assert header.startswith('inline; filename="')
    plain, extended = header.split("\"; filename*=UTF-8''")
    plain = plain.split('"')[1]
    assert urllib.parse.unquote(extended, errors="strict") == name
    assert extended.isascii() and not set(extended) & set(' ";\\,()<>@:/[]?={}\'*')
    assert plain.isascii() and plain.isprintable() and not set(plain) & set('"\\%/;')
    assert ask(server, "DELETE", f"/v1/items/{answer['id']}").status == 200


def test_the_first_name_stays(server):
    first = add(server, "first.png", (1, 77, 3))
    body, type = form([("file", "second.png", png((1, 77, 3)))])
    again = ask(server, "POST", "/v1/items", type, body=body)
    assert again.status == 200 and again.json["name"] == "first.png" and again.json["exists"]
    ask(server, "DELETE", f"/v1/items/{first['id']}")
    named, type = form([("file", "second.png", png((1, 78, 3))), ("name", None, b"third.png")])
    answer = ask(server, "POST", "/v1/items", type, body=named)
    assert answer.json["name"] == "third.png"
    ask(server, "DELETE", f"/v1/items/{answer.json['id']}")
    # What was indexed is called as its file is.
    assert ask(server, path="/v1/items/1").json["name"] == "scene-000000.jpg"


def test_tags(server, item):
    path = f"/v1/items/{item['id']}/original"
    whole = ask(server, path=path)
    tag = whole.headers["etag"]
    assert whole.status == 200 and whole.body == DATA and tag.startswith('"') and tag.endswith('"')
    for value, status in [(tag, 304), ("*", 304), (f'"a", {tag}', 304), (f"W/{tag}", 304), (f' {tag} ,"b"', 304), ('"a"', 200), (tag[:-2] + '"', 200), (tag.strip('"'), 200), ("", 200)]:
        for method in ("GET", "HEAD"):
            answer = ask(server, method, path, f"If-None-Match: {value}") if method == "GET" else head(server, path, f"If-None-Match: {value}")
            assert answer.status == status and answer.headers["etag"] == tag, (method, value)
            if status == 304:
                assert answer.body == b""
    # Another picture has another.
    assert ask(server, path="/v1/items/1/original").headers["etag"] != tag


def head(server, path, *heads):
    """The answer to HEAD, whose body must not come whatever its length says."""
    with connect(server, timeout=5) as connection:
        lines = [f"HEAD {path} HTTP/1.1", "Host: localhost", "Connection: close", *heads]
        connection.sendall("\r\n".join(lines).encode() + b"\r\n\r\n")
        data = b""
        while part := connection.recv(65536):
            data += part
    return Answer(data)


LENGTH = len(DATA)


@pytest.mark.parametrize("value, first, last", [
    ("bytes=0-9", 0, 10), ("bytes=5-", 5, LENGTH), ("bytes=-7", LENGTH - 7, LENGTH), ("bytes=0-0", 0, 1), (f"bytes=0-{LENGTH}", 0, LENGTH), ("bytes=0-99999999999999999999999", 0, LENGTH),
    (f"bytes={LENGTH - 1}-", LENGTH - 1, LENGTH), ("bytes=-99999999999999999999", 0, LENGTH), ("Bytes=1-2", 1, 3),
    (f"bytes={LENGTH}-", None, 0), ("bytes=99999999999999999999999-", None, 0), ("bytes=-0", None, 0), (f"bytes=9223372036854775807-9223372036854775807", None, 0),
    ("bytes=5-2", 0, None), ("bytes=", 0, None), ("bytes=-", 0, None), ("bytes=a-b", 0, None), ("bytes=0-1,3-4", 0, None), ("items=0-1", 0, None), ("bytes 0-1", 0, None), ("bytes=--5", 0, None), ("bytes=+1-2", 0, None),
])
def test_ranges(server, item, value, first, last):
    path = f"/v1/items/{item['id']}/original"
    answer = ask(server, "GET", path, f"Range: {value}")
    if first is None:
        assert answer.status == 416 and answer.headers["content-range"] == f"bytes */{LENGTH}"
    elif last is None:
        assert answer.status == 200 and answer.body == DATA and answer.headers["accept-ranges"] == "bytes"
    else:
        assert answer.status == 206 and answer.body == DATA[first:last]
        assert answer.headers["content-range"] == f"bytes {first}-{last - 1}/{LENGTH}"
    # Ranges are for GET only.
    assert head(server, path, f"Range: {value}").status == 200


def test_ranges_of_what_has_changed(server, item):
    path = f"/v1/items/{item['id']}/original"
    tag = ask(server, path=path).headers["etag"]
    for condition, status in [(tag, 206), (f"W/{tag}", 200), ('"a"', 200), ("Mon, 30 Nov 2026 07:28:00 GMT", 200)]:
        assert ask(server, "GET", path, "Range: bytes=0-3", f"If-Range: {condition}").status == status, condition
    assert ask(server, "GET", path, "Range: bytes=0-3", f"If-None-Match: {tag}").status == 304


def test_head_on_every_get(server, item):
    until_ready(server)
    until_ready(server, "/v1/map/points")
    paths = [path.replace("{id}", item["id"] if "items" in path or "labels" in path else "demo") for path, methods in ask(server, path="/openapi.json").json["paths"].items() if "get" in methods
             and not any(parameter["in"] == "query" and parameter.get("required") for parameter in methods["get"].get("parameters", []))]
    for path in [*paths, "/", "/status", "/assets/search/page.js"]:
        wanted, answer = ask(server, path=path), head(server, path)
        assert answer.status == wanted.status == 200 and answer.body == b"", path
        for name in ("content-type", "etag", "cache-control", "accept-ranges", "content-disposition"):
            assert answer.headers.get(name) == wanted.headers.get(name), (path, name)
        if path not in ("/metrics", "/v1/status") and not path.endswith("/events"):
            assert answer.headers.get("content-length") == wanted.headers["content-length"], path


def test_compression(server, item):
    for path in ["/openapi.json", "/", "/assets/search/page.js", "/assets/shared/style.css", "/metrics", "/v1/items"]:
        plain = ask(server, path=path)
        assert "content-encoding" not in plain.headers and plain.headers["vary"] == "Accept-Encoding", path
        for accepted in ["gzip", "gzip, deflate, br", "br;q=1.0, gzip;q=0.2", "*", "GZIP", "x-gzip"]:
            answer = ask(server, "GET", path, f"Accept-Encoding: {accepted}")
            assert answer.headers["content-encoding"] == "gzip" and len(answer.body) < len(plain.body), (path, accepted)
            assert int(answer.headers["content-length"]) == len(answer.body)
            if path not in ("/metrics", "/v1/status"):
                assert gzip.decompress(answer.body) == plain.body
        for refused in ["", "identity", "gzip;q=0", "gzip; q=0.000", "*;q=0", "br", "gzip;q=0, *"]:
            assert "content-encoding" not in ask(server, "GET", path, f"Accept-Encoding: {refused}").headers, (path, refused)
    # A compressed page's tag is weak, and still one that need not come again.
    tag = ask(server, "GET", "/assets/search/page.js", "Accept-Encoding: gzip").headers["etag"]
    assert tag.startswith('W/"') and ask(server, "GET", "/assets/search/page.js", f"If-None-Match: {tag}", "Accept-Encoding: gzip").status == 304
    body = json.dumps({"input": ["a text"] * 3}).encode()
    answer = ask(server, "POST", "/v1/embeddings", "Content-Type: application/json", "Accept-Encoding: gzip", body=body)
    assert answer.headers["content-encoding"] == "gzip" and len(json.loads(gzip.decompress(answer.body))["data"]) == 3


def test_what_is_not_compressed(server, item):
    # Pictures, small answers, what depends on a key, and what repeats what was asked.
    for path in ["/v1/items/1/original", "/v1/items/1/thumbnail", "/health", "/v1/session", f"/v1/items?filter={'x' * 2000}"]:
        assert "content-encoding" not in ask(server, "GET", path, "Accept-Encoding: gzip").headers, path
    big = post(server, "/v1/search", {"text": "a", "y" * 3000: 1}, "Accept-Encoding: gzip")
    assert big.status == 400 and "content-encoding" not in big.headers
