"""Behind a proxy: below a path, and with what a trusted proxy says of its clients."""
import subprocess

import pytest

from conftest import DIPTYCH, ended, started
from raw import ask, form, png, post, until_ready


@pytest.fixture(scope="module")
def below(pictures, tmp_path_factory):
    """A server below /diptych."""
    folder = tmp_path_factory.mktemp("below")
    subprocess.run([DIPTYCH, "index", pictures[0].parent, "--store", folder / "s.store", "--quiet"], check=True)
    process, address = started(folder / "log", "--store", folder / "s.store", "--port", "0", "--base-path", "/diptych")
    assert address.endswith("/diptych")
    until_ready(address.removesuffix("/diptych"), "/diptych/ready")
    yield address.removesuffix("/diptych")
    ended(process)


def test_paths_below_another(below):
    for path in ["/", "/status", "/health", "/ready", "/metrics", "/openapi.json", "/v1/items", "/v1/items/1", "/v1/status", "/assets/search/page.js", "/v1/models/demo"]:
        assert ask(below, path="/diptych" + path).status == 200, path
        assert ask(below, path=path).status == 404, path
        assert ask(below, path="/diptychx" + path).status == 404, path
    item = ask(below, path="/diptych/v1/items?limit=1").json["items"][0]
    for link in (item["thumbnail"], item["original"]):
        assert link.startswith("/diptych/v1/items/") and ask(below, path=link).status == 200
    hit = post(below, "/diptych/v1/search", {"text": "a"}).json["results"][0]
    assert hit["thumbnail"].startswith("/diptych/v1/")
    body, type = form([("file", "x.png", png((3, 2, 1)))])
    place = ask(below, "POST", "/diptych/v1/items", type, body=body).headers["location"]
    assert place.startswith("/diptych/") and ask(below, path=place).status == 200
    assert ask(below, path="/diptych/openapi.json").json["servers"] == [{"url": "/diptych/"}]
    assert ask(below, "PUT", "/diptych/v1/search").status == 405
    # Links of pages are relative, so a page is at one path only.
    for path, wanted in [("/diptych", "/diptych/"), ("/diptych?q=a", "/diptych/?q=a"), ("/diptych/status/", "/diptych/status"), ("/diptych//", "/diptych/")]:
        answer = ask(below, path=path)
        assert answer.status == 308 and answer.headers["location"] == wanted, path
    text = ask(below, path="/diptych/").body.decode()
    assert 'href="/' not in text and 'src="/' not in text
    # Routes are counted by the names that the specification has.
    assert "/v1/search" in ask(below, path="/diptych/v1/status").json["latency"]


@pytest.mark.parametrize("path", ["diptych", "/diptych/", "//a", "/a//b", "/../a", "/a b", "/a?b", "/a{b}", "/:a", "/*", "/ü", ""])
def test_paths_that_are_none(path):
    result = subprocess.run([DIPTYCH, "serve", "--base-path", path], capture_output=True, text=True, timeout=60)
    assert result.returncode == 2 and "--base-path" in result.stderr


@pytest.fixture(scope="module")
def proxied(tmp_path_factory):
    """A server that trusts this machine and 10.0.0.0/8, with keys, a public name and few requests a minute."""
    folder = tmp_path_factory.mktemp("proxied")
    process, address = started(folder / "log", "--port", "0", "--trusted-proxy", "127.0.0.1", "--trusted-proxy", "10.0.0.0/8", "--trusted-proxy", "2001:db8::/32",
                               "--rate-limit", "2", "--allow-host", "photos.example", "--log-level", "info")
    yield address, folder / "log"
    ended(process)


def clients(log):
    return [line.split("client=")[1].split()[0] for line in log.read_text().splitlines() if "client=" in line]


@pytest.mark.parametrize("heads, client", [
    (["X-Forwarded-For: 192.0.2.1"], "192.0.2.1"), (["X-Forwarded-For: 6.6.6.6, 192.0.2.2"], "192.0.2.2"), (["X-Forwarded-For: 6.6.6.6, 192.0.2.3, 10.1.2.3"], "192.0.2.3"),
    (["X-Forwarded-For: 6.6.6.6", "X-Forwarded-For: 192.0.2.4"], "192.0.2.4"), (["X-Forwarded-For: 2001:db9::1"], "2001:db9::1"), (["X-Forwarded-For: [2001:db9::2]:4711"], "2001:db9::2"),
    (["X-Forwarded-For: 192.0.2.5:80"], "192.0.2.5"), (["X-Forwarded-For: 10.0.0.7"], "10.0.0.7"), (["X-Forwarded-For: unknown"], "127.0.0.1"), (["X-Forwarded-For: 192.0.2.6, evil"], "127.0.0.1"),
    (["X-Forwarded-For: evil, 10.1.1.1"], "10.1.1.1"), (["X-Forwarded-For:"], "127.0.0.1"), ([], "127.0.0.1"),
    (["Forwarded: for=192.0.2.7;proto=https"], "192.0.2.7"), (['Forwarded: for=6.6.6.6, for="[2001:db9::3]:47";host=photos.example'], "2001:db9::3"), (["Forwarded: For=192.0.2.8, for=10.0.0.1"], "192.0.2.8"),
    (["X-Forwarded-For: fe80::1%eth0"], "fe80::1"), (["X-Forwarded-For: 192.0.2.1:80:80"], "127.0.0.1"), (["Forwarded: for=_hidden"], "127.0.0.1"), (["Forwarded: for=192.0.2.9", "X-Forwarded-For: 192.0.2.9"], "192.0.2.9"), (["X-Real-IP: 6.6.6.6"], "127.0.0.1"), (["X-Forwarded-For: 2001:db8::5"], "2001:db8::5"),
])
def test_addresses_of_clients(proxied, heads, client):
    address, log = proxied
    assert ask(address, "GET", "/health", *heads).status == 200
    assert clients(log)[-1] == client


def test_headers_that_disagree(proxied):
    address, _ = proxied
    answer = ask(address, "GET", "/health", "Forwarded: for=192.0.2.1", "X-Forwarded-For: 192.0.2.2")
    assert answer.status == 400 and "Forwarded" in answer.json["detail"]


def test_limits_of_clients(proxied):
    address, _ = proxied
    for client in ("198.51.100.1", "198.51.100.2"):
        statuses = [post(address, "/v1/embeddings", {"input": "a"}, f"X-Forwarded-For: 203.0.113.{i}, {client}").status for i in range(4)]
        assert statuses == [200, 200, 429, 429], client


def test_names_and_schemes(proxied):
    address, _ = proxied
    heads = ["X-Forwarded-Proto: https", "X-Forwarded-Host: photos.example"]
    answer = ask(address, "GET", "/health", *heads, host="inner.example")
    assert answer.status == 421
    assert ask(address, "GET", "/health", *heads).headers["strict-transport-security"]
    assert "strict-transport-security" not in ask(address, "GET", "/health", "X-Forwarded-Proto: http").headers
    assert ask(address, "GET", "/health", "X-Forwarded-Host: evil.example").status == 421
    assert ask(address, "GET", "/health", "Forwarded: for=192.0.2.1;host=evil.example").status == 421
    for origin, host, proto, status in [
        ("https://photos.example", "photos.example", "https", 200), ("http://photos.example", "photos.example", "http", 200), ("https://evil.example", "photos.example", "https", 403),
        ("https://photos.example:444", "photos.example", "https", 403), ("https://photos.example:444", "photos.example:444", "https", 200),
    ]:
        number = 10 + sum(map(ord, origin + host)) % 200
        answer = post(address, "/v1/embeddings", {"input": "a"}, f"Origin: {origin}", f"X-Forwarded-Host: {host}", f"X-Forwarded-Proto: {proto}", f"X-Forwarded-For: 203.0.113.{number}")
        assert answer.status == status, (origin, host, proto, answer.body)


def test_cookies(pictures, tmp_path):
    made = subprocess.run([DIPTYCH, "keys", "all"], capture_output=True, text=True, check=True)
    (tmp_path / "keys").write_text(made.stdout)
    key = next(word for word in made.stderr.split() if word.startswith("dk_"))
    process, address = started(tmp_path / "log", "--port", "0", "--trusted-proxy", "127.0.0.1", "--api-key-file", tmp_path / "keys", "--base-path", "/a/b-c")
    address = address.removesuffix("/a/b-c")
    try:
        for heads, is_secure in [(["X-Forwarded-Proto: https"], True), (["X-Forwarded-Proto: http, https"], True), (["X-Forwarded-Proto: https, http"], False), ([], False)]:
            cookie = post(address, "/a/b-c/v1/session", {"key": key}, *heads).headers["set-cookie"]
            assert "Path=/a/b-c/" in cookie and ("Secure" in cookie) == is_secure, (heads, cookie)
    finally:
        ended(process)


def test_nobody_else_is_believed(server, tmp_path):
    process, address = started(tmp_path / "log", "--port", "0", "--rate-limit", "2", "--trusted-proxy", "192.0.2.1", "--trusted-proxy", "::ffff:10.0.0.0/104", "--log-level", "info")
    try:
        heads = ["X-Forwarded-Proto: https", "X-Forwarded-Host: evil.example", "Forwarded: for=1.2.3.4;host=evil.example;proto=https"]
        answer = ask(address, "GET", "/health", *heads)
        assert answer.status == 200 and "strict-transport-security" not in answer.headers
        statuses = [post(address, "/v1/embeddings", {"input": "a"}, f"X-Forwarded-For: 203.0.113.{i}").status for i in range(4)]
        assert statuses == [200, 200, 429, 429]
        assert set(clients(tmp_path / "log")) == {"127.0.0.1"}
    finally:
        ended(process)


@pytest.mark.parametrize("range", ["10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "proxy.example", "10.0.0", "::1/129", "", "10.0.0.0/8/8", "[::1]"])
def test_ranges_that_are_none(range):
    result = subprocess.run([DIPTYCH, "serve", "--trusted-proxy", range], capture_output=True, text=True, timeout=60)
    assert result.returncode == 2 and "--trusted-proxy" in result.stderr
