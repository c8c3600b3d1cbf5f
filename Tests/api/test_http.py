"""Heads that HTTP does not want, a full disk, the log, and connections of one address."""
import resource
import socket
import subprocess
import time

import pytest

from conftest import DIPTYCH, ended, started
from raw import ask, connect, form, png, post, received

BODY = b'{"input": "a"}'


@pytest.mark.parametrize("heads, statuses", [
    ("Content-Length: -1", {400}), ("Content-Length: 99999999999999999999", {400}), ("Content-Length: 9223372036854775808", {400}),
    ("Content-Length: 9223372036854775807", {413}), ("Content-Length: 1e3", {400}), ("Content-Length: 0x10", {400}), ("Content-Length: +5", {400}),
    ("Content-Length: 5\r\nContent-Length: 6", {400}), ("Content-Length: 14\r\nContent-Length: 14", {400}), ("Content-Length: 14, 14", {400}),
    ("Content-Length: 14\r\nTransfer-Encoding: chunked", {400}), ("Transfer-Encoding: chunked\r\nContent-Length: 14", {400}),
    ("Transfer-Encoding: gzip\r\nContent-Length: 14", {400, 501}), ("Content-Length: 33554433", {413}),
    ("Content-Length: 14\r\nContent-Encoding: gzip", {415}), ("Content-Length: 14\r\nContent-Encoding: identity, gzip", {415}), ("Content-Length: 14\r\nContent-Encoding: br", {415}),
    ("Content-Length: 14\r\nContent-Encoding: identity", {200}), ("Content-Length: 14", {200}),
])
def test_heads_of_bodies(server, heads, statuses):
    with connect(server, timeout=5) as client:
        client.sendall(b"POST /v1/embeddings HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" + heads.encode() + b"\r\n\r\n" + BODY)
        answer = received(client)
    assert answer.status in statuses, (heads, answer.status, answer.body)
    if answer.status == 415:
        assert answer.headers["accept-encoding"] == "identity"
    assert ask(server).status == 200


def test_a_length_where_there_is_no_body_to_read(server):
    for length, status in [("99999999999999999999", 400), ("-5", 400), ("9223372036854775807", 413), ("0", 200)]:
        with connect(server, timeout=5) as client:
            client.sendall(f"GET /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n".encode())
            assert received(client).status == status, length


def test_a_full_disk_is_said_on_every_write(pictures, tmp_path):
    store = tmp_path / "s.store"
    subprocess.run([DIPTYCH, "index", pictures[0].parent, "--store", store, "--quiet"], check=True)
    # As a full disk is to a program: what it writes beyond a size fails. The log beside the database has more.
    process, address = started(tmp_path / "log", "--store", store, "--port", "0", "--undo-minutes", "10")
    try:
        def add(colour):
            body, type = form([("file", "x.png", png(colour))])
            return ask(address, "POST", "/v1/items", type, body=body)

        kept, removed = add((1, 2, 3)).json["id"], add((4, 5, 6)).json["id"]
        assert ask(address, "DELETE", f"/v1/items/{removed}").status == 200
        _, hard = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (1, hard))
        for answer in [add((7, 8, 9)), add((1, 2, 4)), ask(address, "DELETE", f"/v1/items/{kept}"), ask(address, "POST", f"/v1/items/{removed}/restore")]:
            assert answer.status == 507 and "disk" in answer.json["detail"], (answer.status, answer.body)
        # Looking still works, and nothing has changed.
        assert ask(address, path=f"/v1/items/{kept}").status == 200 and post(address, "/v1/search", {"text": "a"}).status == 200
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (hard, hard))
        assert ask(address, "POST", f"/v1/items/{removed}/restore").status == 200
        assert add((7, 8, 9)).status == 201 and ask(address, "DELETE", f"/v1/items/{kept}").status == 200
        assert len([p for p in (store / "pictures").rglob("*") if p.is_file()]) == 3
    finally:
        ended(process)


@pytest.mark.parametrize("level", ["debug", "info", "warning"])
def test_lines_of_the_log_are_not_forged(tmp_path, level):
    log = tmp_path / "log"
    process, address = started(log, "--port", "0", "--log-level", level)
    forged = "x\n2026-01-01T00:00:00+0000 info diptych: forged\r\u2028\u2029\u0085\x1b[31mred\x1b[0m\u202egnidaer\u2066\u200f\x00\x7f\x9b2J\ufeff"
    try:
        before = len(log.read_text().splitlines())
        requests = [
            ("POST", "/v1/embeddings", {"input": "a", "modality": forged}), ("POST", "/v1/embeddings", {"input": "a", "model": forged}),
            ("POST", "/v1/embeddings", {"input": "a", forged: 1}), ("POST", "/v1/classify", {"image": forged, "labels": [forged, forged]}),
            ("POST", "/v1/search", {"text": "a", "filter": forged}), ("POST", "/v1/session", {"key": forged}),
            ("POST", "/v1/embeddings", {"input": "http://127.0.0.1:1/" + forged, "modality": "image"}),
            ("POST", "/v1/embeddings", {"input": "data:" + forged + ",x", "modality": "image"}),
        ]
        for method, path, members in requests:
            assert post(address, path, members).status >= 200
        for path in ["/%0aforged", "/v1/items/%1b[31m", "/v1/items?filter=%0aforged%E2%80%A8", "/v1/items?%0a=forged"]:
            ask(address, path=path)
        ask(address, "GET", "/health", "X-Request-ID: a\x1b[31mforged", "User-Agent: \x1b[31mforged")
        ask(address, host="\x1b[31mforged")
        lines = log.read_text()[0:].split("\n")[before:-1]
    finally:
        ended(process)
    wanted = {"debug": 1, "info": 1, "warning": 0}[level]
    assert len(lines) >= wanted * len(requests)
    for line in lines:
        assert line[:2] == "20" and not line.startswith("2026-01-01T00:00:00"), line
        assert all(c.isprintable() for c in line), ascii(line)


def test_connections_of_one_address(tmp_path):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            pytest.skip("this machine has no address but its own")
        mine = probe.getsockname()[0]
    process, address = started(tmp_path / "log", "--host", "0.0.0.0", "--port", "0", "--connections-per-address", "5")
    port = int(address.rsplit(":", 1)[1])
    try:
        def open_many(host, count):
            clients = [socket.create_connection((host, port), timeout=5) for _ in range(count)]
            answered = 0
            for client in clients:
                try:
                    client.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
                    answered += client.recv(100).startswith(b"HTTP/1.1 200")
                except OSError:
                    pass
            return answered, clients

        answered, clients = open_many(mine, 9)
        assert answered == 5
        answered, own = open_many("127.0.0.1", 20)
        assert answered == 20
        # Whoever leaves makes room.
        for client in clients + own:
            client.close()
        time.sleep(0.2)
        answered, clients = open_many(mine, 5)
        assert answered == 5
    finally:
        ended(process)
