"""By what names the server answers, and to whose pages."""
import json
import socket

import pytest

from conftest import ended, started
from raw import ask, form, png, post


@pytest.fixture(scope="module")
def port(server):
    return server.rsplit(":", 1)[1]


def own_address():
    """An address of this machine's that others could use; None where it has none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
            return probe.getsockname()[0]
        except OSError:
            return None


@pytest.mark.parametrize("host", ["localhost", "localhost.", "LOCALHOST:9", "127.0.0.1", "127.8.9.10:80", "[::1]", "[::1]:1", "[::ffff:127.0.0.1]"])
def test_names_of_this_machine(server, host):
    assert ask(server, host=host).status == 200


@pytest.mark.parametrize("host", ["evil.example", "evil.example:9502", "localhost.evil.example", "127.0.0.1.evil.example", "evil.localhost.example", "0.0.0.0", "10.0.0.1", "192.0.2.7", "[2001:db8::1]", "127.0.0.1x", "2130706433", "0x7f.1"])
def test_other_names(server, host):
    for method, path in [("GET", "/"), ("GET", "/v1/items"), ("GET", "/health"), ("DELETE", "/v1/items/5"), ("POST", "/v1/search")]:
        answer = ask(server, method, path, host=host)
        assert answer.status == 421 and "--allow-host" in answer.json["detail"], (host, method, answer.status)


@pytest.mark.parametrize("host", [None, "", "a b", "user@localhost", "localhost:x", "localhost:99999", "[::1", "[localhost]", "local/host", "löcal"])
def test_what_is_not_a_host(server, host):
    assert ask(server, host=host).status == 400


def test_a_host_that_is_given_twice(server):
    assert ask(server, "GET", "/health", "Host: localhost").status == 400
    assert ask(server, "GET", "/health", "Host: evil.example").status == 400


def test_names_that_were_allowed(tmp_path):
    process, address = started(tmp_path / "log", "--port", "0", "--host", "0.0.0.0", "--allow-host", "NAS.local", "--allow-host", "2001:db8::7".join("[]"))
    address = f"http://127.0.0.1:{address.rsplit(':', 1)[1]}"
    try:
        for host in ["nas.local", "nas.local:80", "[2001:db8::7]:9", "localhost", *filter(None, [own_address()])]:
            assert ask(address, host=host).status == 200, host
        for host in ["evil.example", "local", "nas.local.evil.example", "192.0.2.7"]:
            assert ask(address, host=host).status == 421, host
        # Before a name that was allowed there may stand a proxy that speaks TLS.
        for origin, status in [("https://nas.local", 200), ("http://nas.local", 200), ("https://evil.example", 403), ("https://nas.local:8443", 403)]:
            assert post(address, "/v1/embeddings", {"input": "a"}, f"Origin: {origin}", host="nas.local").status == status, origin
    finally:
        ended(process)


def test_origins(server, port):
    body = {"input": "a"}
    for origin in [f"http://localhost:{port}", f"HTTP://LOCALHOST:{port}"]:
        assert post(server, "/v1/embeddings", body, f"Origin: {origin}", host=f"localhost:{port}").status == 200, origin
    for origin in [f"https://localhost:{port}", "http://localhost", f"http://127.0.0.1:{port}", "http://localhost:3000", "null", "", "http://evil.example",
                   f"http://localhost:{port}.evil.example", f"http://localhost:{port}/", f"http://a@localhost:{port}", "file://", "x"]:
        for heads in [[], ["Sec-Fetch-Site: same-site"], ["Authorization: Bearer none"]]:
            for method, path in [("POST", "/v1/embeddings"), ("POST", "/v1/items"), ("DELETE", "/v1/items/1"), ("POST", "/v1/items/1/restore"), ("POST", "/v1/session"), ("PUT", "/v1/items/1")]:
                answer = ask(server, method, path, f"Origin: {origin}", "Content-Type: application/json", *heads, body=b"{}", host=f"localhost:{port}")
                assert answer.status == 403 and "--allow-origin" in answer.json["detail"], (origin, method, path, answer.status)
    # Older browsers say only this much, and clients that are no browsers nothing.
    for site, status in [("cross-site", 403), ("same-site", 403), ("same-origin", 200), ("none", 200)]:
        assert post(server, "/v1/embeddings", body, f"Sec-Fetch-Site: {site}").status == status
    assert post(server, "/v1/embeddings", body).status == 200


def test_types_of_bodies(server):
    body = json.dumps({"input": "a"}).encode()
    for type, status in [("application/json", 200), ("Application/JSON; charset=utf-8", 200), ("text/plain", 415), ("application/x-www-form-urlencoded", 415), ("", 415), ("text/plain; application/json", 415)]:
        assert ask(server, "POST", "/v1/embeddings", f"Content-Type: {type}", body=body).status == status, type
    answer = ask(server, "POST", "/v1/embeddings", body=body)
    assert answer.status == 415 and "Content-Type" in answer.json["detail"]


def test_what_others_may_embed(server, tmp_path):
    for path in ["/", "/health", "/v1/items/1/original", "/v1/items/1/thumbnail", "/assets/search/page.js", "/nothing"]:
        assert ask(server, path=path).headers["cross-origin-resource-policy"] == "same-origin", path
    process, address = started(tmp_path / "log", "--port", "0", "--allow-origin", "https://a.example")
    try:
        assert ask(address).headers["cross-origin-resource-policy"] == "cross-origin"
        for origin, status in [("https://a.example", 200), ("https://b.example", 403), ("http://a.example", 403)]:
            answer = post(address, "/v1/embeddings", {"input": "a"}, f"Origin: {origin}")
            assert answer.status == status
            assert answer.headers.get("access-control-allow-origin") == (origin if status == 200 else None)
    finally:
        ended(process)


def test_forms_of_other_sites(server):
    body, type = form([("file", "x.png", png((9, 9, 9))), ("caption", None, b"added by a stranger")])
    assert ask(server, "POST", "/v1/items", type, "Origin: https://evil.example", body=body).status == 403
