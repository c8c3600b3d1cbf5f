"""What a route does not take is refused: in queries, bodies and forms, on every route."""
import base64
import json

import pytest

from raw import ask, form, png, post

PICTURE = "data:image/png;base64," + base64.b64encode(png((1, 2, 3))).decode()
BODIES = {
    "/similarity": {"query": "a", "candidates": ["b"]},
    "/v1/embeddings": {"input": "a"},
    "/v1/classify": {"image": PICTURE, "labels": ["a"]},
    "/v1/search": {"text": "a"},
    "/v1/items": {"url": PICTURE},
    "/v1/session": {"key": "a"},
}


def operations(server):
    """Every route that the specification has, and the pages."""
    paths = ask(server, path="/openapi.json").json["paths"]
    found = [(method.upper(), path.replace("{id}", "1")) for path, methods in paths.items() for method in methods if method in ("get", "post", "delete")]
    assert len(found) > 18
    return found + [("GET", path) for path in ("/", "/status", "/openapi.json", "/assets/search/page.js")]


def test_unknown_names_in_queries(server):
    for method, path in operations(server):
        for query in ["x=1", "x", "=1", "%78=1", "limitt=1", "V=1"]:
            body = json.dumps(BODIES.get(path, {})).encode() if method == "POST" else b""
            answer = ask(server, method, f"{path}?{query}", "Content-Type: application/json", body=body)
            assert answer.status == 400 and "unknown query parameter" in answer.json["detail"], (method, path, query, answer.status)
            assert answer.headers["content-type"] == "application/problem+json"


def test_unknown_names_in_bodies(server):
    for method, path in operations(server):
        body = {**(BODIES.get(path, {}) if method == "POST" else {}), "xylophone": None}
        answer = ask(server, method, path, "Content-Type: application/json", body=json.dumps(body).encode())
        assert answer.status == 400 and "unknown field 'xylophone'" in answer.json["detail"], (method, path, answer.status, answer.body)


@pytest.mark.parametrize("path", BODIES.keys() - {"/v1/session"})
def test_unknown_names_in_forms(server, path):
    for extra in [("xylophone", None, b"1"), ("xylophone", "a.png", png((1, 2, 3))), ("", None, b"")]:
        fields = [(name, None, (value if isinstance(value, str) else value[0]).encode()) for name, value in BODIES[path].items()]
        body, type = form([*fields, extra])
        answer = ask(server, "POST", path, type, body=body)
        assert answer.status == 400 and f"unknown field '{extra[0]}'" in answer.json["detail"], (path, answer.body)


def test_the_nearest_name_is_told(server):
    for path, members, nearest in [("/v1/search", {"text": "a", "onlyrelevant": True}, "only_relevant"), ("/v1/embeddings", {"imput": "a"}, "input"),
                                   ("/v1/search", {"Text": "a"}, "text"), ("/similarity", {"query": "a", "candidates": ["b"], "candidate-type": "text"}, "candidate_type")]:
        answer = post(server, path, members)
        assert answer.status == 400 and f"did you mean '{nearest}'?" in answer.json["detail"], answer.body
    answer = ask(server, path="/v1/items?limt=3")
    assert "did you mean 'limit'?" in answer.json["detail"] and answer.json["field"] == "limt"
    # What nothing is like to gets the list.
    assert "expected one of limit, after, filter, sort" in ask(server, path="/v1/items?xylophone=3").json["detail"]


def test_what_is_given_twice(server):
    for path in ["/v1/items?limit=1&limit=2", "/v1/items?limit=1&filter=&limit=1", "/v1/items?limit=1&%6cimit=2", "/v1/items/1/thumbnail?size=64&size=64", "/?q=a&q=b"]:
        answer = ask(server, path=path)
        assert answer.status == 400 and "more than once" in answer.json["detail"], path
    for body in [b'{"text": "a", "text": "a"}', b'{"text": "a", "te\\u0078t": "b"}', b'{"k": 1, "text": "a", "k": null}']:
        answer = ask(server, "POST", "/v1/search", "Content-Type: application/json", body=body)
        assert answer.status == 400 and "given twice" in answer.json["detail"], body
    # Below, too; but not in different objects, nor where texts look like names.
    for attributes, status in [('{"a": 1, "a": 2}', 400), ('{"a": {"b": 1, "b": 1}}', 400), ('{"a": {"a": 1}, "b": [{"a": 1}, {"a": 2}], "c": "a", "d": "\\"a\\":"}', 201), ('{"é": 1, "e\u0301": 2}', 200)]:
        body = f'{{"url": "{PICTURE}", "attributes": {attributes}}}'.encode()
        answer = ask(server, "POST", "/v1/items", "Content-Type: application/json", body=body)
        assert answer.status == status, (attributes, answer.body)
    # What was added is for this test only.
    assert ask(server, "DELETE", f"/v1/items/{answer.json['id']}").status == 200
    # A page's address has several terms that are taken away.
    assert ask(server, path="/?q=a&minus=b&minus=c&relevant=1").status == 200


def test_bodies_that_nobody_reads(server):
    for body, status in [(b"", 200), (b"{}", 200), (b" { } ", 200), (b"[]", 400), (b"x", 400), (b"{" + b" " * 9000 + b"}", 400)]:
        assert ask(server, "GET", "/v1/items/1", "Content-Type: application/json", body=body).status == status, body
