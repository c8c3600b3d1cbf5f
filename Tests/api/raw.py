"""Requests byte by byte, for what clients do not let through."""
import json
import socket
import struct
import time
import zlib
from urllib.parse import urlparse


def png(colour, extra=b""):
    """A PNG file of one pixel, with `extra` chunks."""
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)) + extra
            + chunk(b"IDAT", zlib.compress(b"\0" + bytes(colour))) + chunk(b"IEND", b""))


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


class Answer:
    def __init__(self, data):
        head, _, self.body = data.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        self.status = int(lines[0].split()[1]) if lines[0] else 0
        self.headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines[1:])}

    @property
    def json(self):
        return json.loads(self.body)


def connect(address, timeout=30):
    place = urlparse(address)
    return socket.create_connection((place.hostname, place.port), timeout=timeout)


def received(connection):
    """The next answer of a connection."""
    data = b""
    while b"\r\n\r\n" not in data and (part := connection.recv(65536)):
        data += part
    answer = Answer(data)
    while len(answer.body) < int(answer.headers.get("content-length", 0)) and (part := connection.recv(1 << 20)):
        answer.body += part
    return answer


def ask(address, method="GET", path="/health", *heads, body=b"", host="localhost"):
    """The answer to one request, whose heads are as given."""
    lines = [f"{method} {path} HTTP/1.1", *([f"Host: {host}"] if host is not None else []), *heads]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    with connect(address) as connection:
        connection.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        return received(connection)


def until_ready(address, path="/ready"):
    """Waits for the models of a server."""
    end = time.monotonic() + 30
    while ask(address, path=path).status != 200:
        assert time.monotonic() < end
        time.sleep(0.05)


def post(address, path, members, *heads, **options):
    return ask(address, "POST", path, "Content-Type: application/json", *heads, body=json.dumps(members).encode(), **options)


def form(parts, boundary="limit"):
    """The bytes of a form and its type: parts are names, names of files or None, and bytes."""
    data = b"".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"'.encode() + (f'; filename="{file}"'.encode() if file else b"")
        + b"\r\n\r\n" + content + b"\r\n" for name, file, content in parts)
    return data + f"--{boundary}--\r\n".encode(), f"Content-Type: multipart/form-data; boundary={boundary}"


class Health:
    """Asks again and again whether the server lives, from another process than the load, and gives the times that it took."""

    SCRIPT = ("import socket,sys,time\n"
              "while True:\n"
              "    t=time.monotonic(); s=socket.create_connection(('127.0.0.1',int(sys.argv[1])))\n"
              "    s.sendall(b'GET /health HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n')\n"
              "    assert s.recv(999).startswith(b'HTTP/1.1 200'); s.close()\n"
              "    print(time.monotonic()-t,flush=True); time.sleep(.02)\n")

    def __init__(self, address):
        self.port = str(urlparse(address).port)

    def __enter__(self):
        import subprocess
        import sys

        self.process = subprocess.Popen([sys.executable, "-c", self.SCRIPT, self.port], stdout=subprocess.PIPE, text=True)
        self.first = float(self.process.stdout.readline())
        return self

    def __exit__(self, *_):
        time.sleep(0.1)
        self.process.kill()
        self.times = sorted([self.first, *map(float, self.process.stdout.read().split("\n")[:-1])])
        self.process.wait()
