"""SIGTERM ends the server soon, whatever its clients do, and finishes what was accepted."""
import json
import signal
import socket
import threading
import time

import pytest

from conftest import started
from raw import connect, post, received

LIMIT = 10
HEAD = b"POST /v1/embeddings HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


def half_a_body(client):
    client.sendall(HEAD + b"Content-Length: 100\r\n\r\n{")


def a_body_that_trickles(client):
    client.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")

    def trickle():
        try:
            while True:
                client.sendall(b"1\r\n \r\n")
                time.sleep(0.2)
        except OSError:
            pass

    threading.Thread(target=trickle, daemon=True).start()


def no_reader(client):
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    body = json.dumps({"input": [f"text {i}" for i in range(2048)]}).encode()
    client.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body)
    time.sleep(2)


def idle(client):
    client.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
    received(client)


def a_stream(client):
    client.sendall(b"GET /v1/status/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
    received = b""
    # In as many pieces as the server's writes happen to be sent.
    while b"event: status" not in received:
        piece = client.recv(65536)
        assert piece, received
        received += piece


CLIENTS = {"nothing": lambda client: None, "half a head": lambda client: client.sendall(b"GET /health HTTP/1.1\r\nHo"), "idle": idle,
           "half a body": half_a_body, "a body that trickles": a_body_that_trickles, "no reader": no_reader, "a stream": a_stream}


def test_clients_that_stay(tmp_path):
    """All of them together: each holds a server of its own no longer than all of them one."""
    process, address = started(tmp_path / "log", "--port", "0")
    clients = []
    for behave in CLIENTS.values():
        clients.append(connect(address))
        behave(clients[-1])
    begin = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=LIMIT + 5) == 0
    assert time.monotonic() - begin < LIMIT


@pytest.mark.parametrize("kind", ["nothing", "half a head", "idle", "a stream"])
def test_clients_that_have_nothing_to_finish_are_not_waited_for(tmp_path, kind):
    process, address = started(tmp_path / "log", "--port", "0")
    with connect(address) as client:
        CLIENTS[kind](client)
        time.sleep(0.2)
        begin = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=LIMIT + 5) == 0
        assert time.monotonic() - begin < 3


def test_what_was_accepted_is_finished(tmp_path):
    process, address = started(tmp_path / "log", "--port", "0")
    answers = []
    client = threading.Thread(target=lambda: answers.append(post(address, "/v1/embeddings", {"input": [f"a text {i}" for i in range(1500)]})))
    client.start()
    time.sleep(0.2)
    process.send_signal(signal.SIGTERM)
    client.join()
    assert answers[0].status == 200 and len(answers[0].json["data"]) == 1500
    assert process.wait(timeout=LIMIT) == 0
