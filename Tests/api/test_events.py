"""The stream of the server's state: events, who may follow them, and what happens to those who do not read."""
import json
import subprocess
import time

import pytest

from conftest import DIPTYCH, ended, started
from raw import ask, connect, post, received

PATH = "/v1/status/events"
LIMIT = 64


class Stream:
    """A listener. `wait` reads until there is what is wanted."""

    def __init__(self, address, *heads, path=PATH):
        self.connection = connect(address, timeout=30)
        self.connection.sendall("\r\n".join([f"GET {path} HTTP/1.1", "Host: localhost", *heads]).encode() + b"\r\n\r\n")
        self.text = ""
        self.is_over = False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()

    def wait(self, wanted, seconds=10):
        end = time.monotonic() + seconds
        self.connection.settimeout(0.1)
        while not wanted(self) and time.monotonic() < end:
            try:
                part = self.connection.recv(1 << 16)
            except TimeoutError:
                continue
            self.text += part.decode()
            if not part:
                self.is_over = True
                break
        assert wanted(self), self.text[-2000:]
        return self

    @property
    def blocks(self):
        """What the body says, without the lengths of HTTP's chunks."""
        head, _, body = self.text.partition("\r\n\r\n")
        lines = body.split("\r\n")
        return "".join(lines[1::2]).split("\n\n")[:-1]

    @property
    def events(self):
        found = [dict(line.split(": ", 1) for line in block.split("\n")) for block in self.blocks if "data: " in block]
        return [{**event, "data": json.loads(event["data"])} for event in found]


def first(stream):
    return stream.wait(lambda s: s.events).events[0]


def test_events_are_what_the_status_is(server):
    with Stream(server, "Accept-Encoding: gzip") as stream:
        event = first(stream)
        head = stream.text.partition("\r\n\r\n")[0].lower()
        assert head.startswith("http/1.1 200") and "content-type: text/event-stream" in head and "content-encoding" not in head
        assert "retry: 2000" in stream.blocks[0]
        status = ask(server, path="/v1/status").json
        assert event["event"] == "status" and event["data"].keys() == status.keys()
        assert event["data"]["store"] == status["store"] and event["data"]["events"]["limit"] == LIMIT
        before = len(stream.events)
        total = status["requests"]["total"]
        for number in range(20):
            assert post(server, "/v1/embeddings", {"input": f"the text {number} of a stream"}).status == 200
        stream.wait(lambda s: s.events[-1]["data"]["requests"]["total"] >= total + 20)
        assert len(stream.events) > before
        ids = [event["id"] for event in stream.events]
        assert len(set(ids)) == len(ids)


def test_at_most_once_a_second_and_only_changes(server):
    with Stream(server) as stream:
        begin = time.monotonic()
        first(stream)
        while time.monotonic() - begin < 4:
            ask(server)
            time.sleep(0.01)
        total = ask(server, path="/v1/status").json["requests"]["total"]
        stream.wait(lambda s: s.events[-1]["data"]["requests"]["total"] >= total)
        assert 3 <= len(stream.events) <= 6
    for one, next in zip(stream.events, stream.events[1:]):
        assert {**one["data"], "uptime": 0} != {**next["data"], "uptime": 0}


def test_who_comes_back_says_what_is_known(server):
    with Stream(server) as one:
        last = first(one)["id"]
        # What it has already does not come again, what it cannot have does; what is no id is passed over.
        for head in [f"Last-Event-ID: {last}x", "Last-Event-ID: nonsense", "Last-Event-ID: ", "Last-Event-ID: a-99999999999999999999"]:
            with Stream(server, head) as other:
                first(other)
        with Stream(server, f"Last-Event-ID: {one.events[-1]['id']}") as other:
            other.wait(lambda s: "retry" in s.text)
            assert all(event["id"] != last for event in other.events)


def test_listeners_are_bounded(tmp_path):
    process, address = started(tmp_path / "log", "--port", "0")
    streams = []
    try:
        for _ in range(LIMIT):
            streams.append(Stream(address))
            first(streams[-1])
        answer = ask(address, path=PATH)
        assert answer.status == 503 and int(answer.headers["retry-after"]) >= 1 and "event streams" in answer.json["detail"]
        # The same may be asked for, and who leaves makes room.
        assert ask(address, path="/v1/status").json["events"] == {"listeners": LIMIT, "limit": LIMIT}
        for stream in streams[:10]:
            stream.connection.close()
        end = time.monotonic() + 10
        while ask(address, path="/v1/status").json["events"]["listeners"] != LIMIT - 10:
            assert time.monotonic() < end
            time.sleep(0.05)
        for _ in range(10):
            streams.append(Stream(address))
            first(streams[-1])
    finally:
        for stream in streams:
            stream.connection.close()
        ended(process)


def test_methods_and_names(server):
    answer = ask(server, "HEAD", PATH)
    assert answer.status == 200 and answer.body == b"" and answer.headers["content-type"] == "text/event-stream"
    # Its length is not known, and it has no body, so that another request may follow.
    assert "content-length" not in answer.headers
    with connect(server) as connection:
        for _ in range(3):
            connection.sendall(f"HEAD {PATH} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            assert received(connection).status == 200
            connection.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert received(connection).json["status"] == "ok"
    for method in ["POST", "PUT", "DELETE"]:
        answer = ask(server, method, PATH)
        assert answer.status == 405 and answer.headers["allow"] == "GET, HEAD"
    assert ask(server, path=PATH + "?after=1").status == 400
    # Reading it would be as good as having the page's cookie.
    assert ask(server, "GET", PATH, "Host: evil.example", host=None).status == 421


def test_a_key_is_needed(tmp_path):
    made = subprocess.run([DIPTYCH, "keys", "reader", "--scope", "read"], check=True, capture_output=True, text=True)
    (tmp_path / "keys.txt").write_text(made.stdout)
    key = made.stderr.split("again: ")[1].split()[0]
    process, address = started(tmp_path / "log", "--port", "0", "--api-key-file", tmp_path / "keys.txt")
    try:
        assert ask(address, path=PATH).status == 401
        with Stream(address, f"Authorization: Bearer {key}") as stream:
            first(stream)
        assert ask(address, "GET", PATH, f"Cookie: diptych_key={key}", "Origin: https://evil.example").status == 403
    finally:
        ended(process)


def test_below_a_path_and_beyond_the_deadline(tmp_path):
    process, address = started(tmp_path / "log", "--port", "0", "--base-path", "/diptych", "--request-timeout", "1")
    root = address.removesuffix("/diptych")
    try:
        assert ask(root, path=PATH).status == 404
        with Stream(root, path="/diptych" + PATH) as stream:
            first(stream)
            time.sleep(2)
            total = ask(root, path="/diptych/v1/status").json["requests"]["total"]
            stream.wait(lambda s: s.events[-1]["data"]["requests"]["total"] >= total)
            assert not stream.is_over
    finally:
        ended(process)


def test_a_crowd_that_does_not_read(tmp_path):
    """Listeners that read nothing cost no memory that grows, and nobody else waits for them."""
    process, address = started(tmp_path / "log", "--port", "0")
    streams = []
    try:
        for _ in range(LIMIT - 1):
            streams.append(Stream(address, "X: y"))
        with Stream(address) as reader:
            first(reader)
            before = reader.events[-1]["data"]["memory"]["resident"]
            begin = time.monotonic()
            while time.monotonic() - begin < 6:
                ask(address)
            total = ask(address, path="/v1/status").json["requests"]["total"]
            reader.wait(lambda s: s.events[-1]["data"]["requests"]["total"] >= total)
            assert reader.events[-1]["data"]["memory"]["resident"] - before < 64 << 20
    finally:
        for stream in streams:
            stream.connection.close()
        ended(process)
