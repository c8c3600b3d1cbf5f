"""Mutated requests against a running server: none may crash it, be answered with a fault of its own, or hinder the next one.

Usage: fuzz.py URL [REQUESTS] [SEED]
Every request is made from a right one by changing bytes, words, lengths and heads, so that a part of them gets far. The
server must answer each with a whole response that is no 500, or close the connection.
"""
import json
import random
import re
import socket
import struct
import sys
import zlib
from urllib.parse import urlparse


def png(draw):
    """A small right PNG file."""
    width, height = draw.randint(1, 9), draw.randint(1, 9)

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + draw.randbytes(3 * width) for _ in range(height))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def uri(draw, data):
    import base64

    return f"data:image/{draw.choice(['png', 'jpeg', 'gif', 'x'])};base64," + base64.b64encode(data).decode()


# Near every limit of the whole numbers that machines count with, of floats, and of what JSON's numbers hold exactly.
LIMITS = sorted({sign * ((1 << bits) + step) for bits in (0, 7, 8, 15, 16, 24, 31, 32, 52, 53, 62, 63, 64, 127) for step in (-1, 0, 1) for sign in (1, -1)})
WIDE = [*map(str, LIMITS), "1e308", "-1e308", "1e400", "-0", "+1", "0x10", "1_000", "nan", "inf", "-inf", "٣", "1.5", "007", "9" * 400]


def digits(number):
    """A whole number to the base 36."""
    sign, number, text = "-" if number < 0 else "", abs(number), ""
    while number or not text:
        text, number = "0123456789abcdefghijklmnopqrstuvwxyz"[number % 36] + text, number // 36
    return sign + text


def place(draw):
    """A place in a list that nobody gave out."""
    value = draw.choice([digits(draw.choice(LIMITS)), draw.randbytes(draw.choice([0, 1, 4, 300])).hex(), "61" * 255, ""])
    return "-".join([draw.choice(["d1", "n1", "d1", "n1", "x1", ""]), value, digits(draw.choice(LIMITS))])


def cursor(draw):
    """A place in a ranking that nobody gave out, most of them of numbers near a limit."""
    parts = [digits(draw.choice(LIMITS)) if draw.random() < 0.8 else draw.choice(["", "zz", "+1", "Z", "-", "0"]) for _ in range(4)]
    if draw.random() < 0.7:
        parts[2] = digits(struct.unpack(">I", struct.pack(">f", draw.uniform(-1, 1)))[0])
    return "-".join([draw.choice(["p1", "p1", "p1", "p1", "p2"]), *parts])


VALUES = [None, True, -1, 0, 1e308, -0.0, 10**30, "", " ", "a", "\u0000", "\ud83d\ude00", "x" * 5000, [], {}, [[]], [None], {"a": [1]},
          "file:///etc/passwd", "http://127.0.0.1:1/", "http://[::1]/", "http://169.254.169.254/", "../../etc/passwd", "data:,", "data:;base64,%%",
          "width > 1 and (", "'; DROP TABLE items; --", "p1-0-0-0-0", "-9223372036854775808", "%00", "𝔘𝔫𝔦", "\u202e"]
HEADS = ["Content-Length: 99999999999999999999", "Content-Length: -1", "Content-Length: 5", "Transfer-Encoding: chunked", "Expect: 100-continue",
         "X-Request-ID: a\tb", "Cookie: " + "a=b; " * 300, "Authorization: Bearer", "Connection: close", "Range: bytes=0-", "Accept-Encoding: gzip",
         "If-None-Match: *", "Content-Type: application/json; charset=utf-16", "Content-Type: multipart/form-data", "Origin: null", "Host:", "Upgrade: h2c", "Range: bytes=-0", "Range: bytes=5-2,9-", "If-Range: W/\"", "X-Forwarded-For: ::1, %", "Forwarded: for=\"[::1\";;=,",
         "X: " + "y" * 9000]
ROUTES = [("POST", "/similarity"), ("POST", "/v1/embeddings"), ("POST", "/v1/classify"), ("POST", "/v1/search"), ("POST", "/v1/items"),
          ("GET", "/v1/items"), ("GET", "/v1/items/1"), ("GET", "/v1/items/1/thumbnail"), ("GET", "/v1/items/1/original"),
          ("POST", "/v1/items/1/restore"), ("GET", "/v1/status"), ("GET", "/metrics"), ("GET", "/"), ("GET", "/assets/search/page.js"),
          ("POST", "/v1/session"), ("GET", "/openapi.json")]


def numbers(draw):
    """A request that is right but for numbers near limits: in bodies, URLs, filters, cursors and headers."""
    number = draw.choice(WIDE)
    plain = draw.choice([number, json.dumps(number)]) if re.fullmatch(r"-?(0|[1-9]\d*)(\.\d+)?(e\d+)?", number) else json.dumps(number)
    kind = draw.choice(["search", "search", "search", "page", "page", "page", "filter", "date", "list", "item", "thumbnail", "dimensions", "top", "attributes", "head", "tokens", "vector"])
    method, path, content, heads = "POST", "/v1/search", "", []
    if kind == "search":
        content = '{"text": "a", "%s": %s}' % (draw.choice(["k", "offset", "min_similarity", "group", "item"]), plain)
    elif kind == "page":
        content = json.dumps({"text": "a", "page": cursor(draw), "k": draw.choice([1, 2, 1000]), "offset": draw.choice([0, 1, 1000]),
                              **draw.choice([{}, {"group": 0.9}, {"exact": True}, {"filter": "width > 1"}, {"only_relevant": True}])})
    elif kind == "tokens":
        path, content = "/v1/embeddings", draw.choice(['{"input": [%s]}', '{"input": [[1, %s]]}', '{"input": [[%s], []]}']) % plain
    elif kind == "vector":
        content = '{"vector": [%s]}' % ", ".join([plain] * draw.choice([0, 1, 127, 128, 129]))
    elif kind == "filter":
        field = draw.choice(["width", "bytes", "taken", "added", "modified", "latitude", "id", "name", "rating"])
        content = json.dumps({"text": "a", "filter": f"{field} {draw.choice(['=', '!=', '<', '>=', 'in'])} {draw.choice([number, f'({number}, {number})', f'{number}GB'])}"})
    elif kind == "date":
        content = json.dumps({"text": "a", "filter": f"taken >= {draw.choice(['0000', '0001', '9999', '10000', '2024', number])}-{draw.choice(['00', '01', '12', '13', '99'])}-{draw.choice(['00', '01', '29', '31', '32'])}"})
    elif kind == "list":
        path = f"/v1/items?{draw.choice(['limit', 'after', 'filter', 'sort'])}={number.replace('+', '%2B')}"
        if draw.random() < 0.5:
            path = f"/v1/items?sort={draw.choice(['date', '-date', 'name', '-name'])}&after={place(draw)}"
        method = "GET"
    elif kind == "item":
        method, path = "GET", f"/v1/items/{number}{draw.choice(['', '/original', '/thumbnail'])}"
    elif kind == "thumbnail":
        method, path = "GET", f"/v1/items/1/thumbnail?size={number}"
    elif kind == "dimensions":
        path, content = "/v1/embeddings", '{"input": "a", "dimensions": %s}' % plain
    elif kind == "top":
        path, content = "/v1/classify", '{"image": %s, "labels": ["a", "b"], "top": %s}' % (json.dumps(uri(draw, png(draw))), plain)
    elif kind == "attributes":
        path, content = "/v1/items", '{"file": %s, "attributes": {"a": %s}}' % (json.dumps(uri(draw, png(draw))), plain)
    else:
        name = draw.choice(["Range: bytes=%s-%s", "Content-Length: %s", "If-None-Match: %s", "If-Modified-Since: %s", "Keep-Alive: timeout=%s", "Max-Forwards: %s"])
        method, path, heads = "GET", draw.choice(["/v1/items/1/original", "/v1/items/1/thumbnail", "/health"]), [name.replace("%s", number)]
    path = "".join(c if c < "\x7f" else "".join(f"%{b:02X}" for b in c.encode()) for c in path)
    content = content.encode()
    heads = [f"{method} {path} HTTP/1.1", "Host: localhost", *heads]
    if content:
        heads += ["Content-Type: application/json", f"Content-Length: {len(content)}"]
    return "\r\n".join(heads).encode() + b"\r\n\r\n" + content, method


def body(draw, path):
    """A right body of a route."""
    picture = png(draw)
    if draw.random() < 0.5:
        data = bytearray(picture)
        for _ in range(draw.randint(1, 6)):
            data[draw.randrange(len(data))] = draw.randrange(256)
        picture = bytes(data)
    return {
        "/similarity": {"query": "a cat", "candidates": ["a", "b"], "query_type": "text", "candidate_type": draw.choice(["text", "image"])},
        "/v1/embeddings": {"input": draw.choice(["a", ["a", "b"], uri(draw, picture)]), "modality": draw.choice(["text", "image"]), "encoding_format": "base64"},
        "/v1/classify": {"image": uri(draw, picture), "labels": ["a", "b"], "templates": ["a {}"]},
        "/v1/search": {"text": "a", "minus": "b", "k": 3, "filter": "width > 1", "offset": 0, "image": uri(draw, picture)},
        "/v1/items": {"url": uri(draw, picture), "caption": "a", "attributes": {"a": 1}},
        "/v1/session": {"key": "a"},
    }.get(path, {})


def mutated(draw, value):
    """A JSON value with something else in one place."""
    if isinstance(value, dict) and value and draw.random() < 0.8:
        key = draw.choice(list(value))
        changed = dict(value)
        if draw.random() < 0.15:
            del changed[key]
        elif draw.random() < 0.1:
            changed[key + draw.choice(["", "x", "\u0000"])] = draw.choice(VALUES)
        else:
            changed[key] = mutated(draw, value[key])
        return changed
    if isinstance(value, list) and value and draw.random() < 0.6:
        changed = list(value)
        changed[draw.randrange(len(changed))] = draw.choice(VALUES)
        return changed * draw.choice([1, 1, 1, 50])
    return draw.choice(VALUES)


def form(draw, fields):
    """The fields as a form."""
    boundary = draw.choice(["b", "limit", "--", "x" * 70])
    parts = []
    for name, value in fields.items():
        text = value if isinstance(value, str) else json.dumps(value)
        file = '; filename="../x.png"' if draw.random() < 0.4 else ""
        content = png(draw) if file else text.encode("utf-8", "surrogatepass")
        parts.append(f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'.encode() + content + b"\r\n")
    return b"".join(parts) + f"--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"


def request(draw):
    """The bytes of a mutated request."""
    method, path = draw.choice(ROUTES)
    fields = body(draw, path)
    for _ in range(draw.choice([0, 1, 1, 1, 2, 3])):
        fields = mutated(draw, fields) if isinstance(fields, dict) else fields
    kind = "application/json"
    if isinstance(fields, dict) and draw.random() < 0.2:
        content, kind = form(draw, fields)
    else:
        content = json.dumps(fields, ensure_ascii=draw.random() < 0.5).encode("utf-8", "surrogatepass")
    if draw.random() < 0.25 and content:
        data = bytearray(content)
        for _ in range(draw.randint(1, 8)):
            at = draw.randrange(len(data) + 1)
            choice = draw.random()
            if choice < 0.4 and at < len(data):
                data[at] = draw.randrange(256)
            elif choice < 0.7:
                data[at:at] = draw.randbytes(draw.randint(1, 4))
            elif choice < 0.9:
                del data[at:at + draw.randint(1, 40)]
            else:
                data[at:at] = draw.choice([b"[" * 2000, b'{"a":' * 600, b"\xff\xfe", b"\0" * 50, b"9" * 400])
        content = bytes(data)
    if draw.random() < 0.15:
        method = draw.choice(["GET", "PUT", "DELETE", "OPTIONS", "HEAD", "TRACE", "X", "PATCH"])
    if draw.random() < 0.2:
        path += draw.choice(["?limit=-1", "?filter=%FF", "?after=%00", "/..", "/%2e%2e/%2e%2e/etc/passwd", "?size=99999999999999999999", "//", "/\u00e9", "%", "?" + "a=b&" * 200])
    if method in ("DELETE",) and path.startswith("/v1/items/"):
        method = "GET"  # what is there is for others, too
    heads = [f"{method} {path} HTTP/1.1", "Host: localhost", f"Content-Type: {kind}"]
    length = len(content)
    if draw.random() < 0.05:
        length = max(0, length + draw.choice([-3, 3, 1000]))
    if method not in ("GET", "HEAD") or draw.random() < 0.3:
        heads.append(f"Content-Length: {length}")
    else:
        content = b""
    if draw.random() < 0.15:
        heads.insert(draw.randint(1, len(heads)), draw.choice(HEADS))
    head = "\r\n".join(heads).encode("utf-8", "surrogatepass") + b"\r\n\r\n"
    if draw.random() < 0.03:
        data = bytearray(head)
        data[draw.randrange(len(data))] = draw.randrange(256)
        head = bytes(data)
    return head + content, method


class Connection:
    """A connection that is used until the server closes it."""

    def __init__(self, host, port):
        self.host, self.port, self.socket = host, port, None

    def send(self, data, method):
        """The status of the answer; 0 where there is none, because the request was cut or the connection is closed."""
        if self.socket is None:
            self.socket = socket.create_connection((self.host, self.port), timeout=20)
            # Half a request waits for its rest; nobody sends one.
            self.socket.settimeout(0.4)
        try:
            self.socket.sendall(data)
            return self.answer(method)
        except (TimeoutError, ConnectionError, BrokenPipeError):
            self.close()
            return 0

    def head(self, rest=b""):
        """The status and the head of the next answer, and what came behind it; 0 where the server closes the connection."""
        while b"\r\n\r\n" not in rest:
            part = self.socket.recv(65536)
            if not part:
                self.close()
                return 0, b"", b""
            rest += part
        head, _, rest = rest.partition(b"\r\n\r\n")
        return int(re.match(rb"HTTP/1\.1 (\d{3})", head)[1]), head, rest

    def answer(self, method):
        status, head, rest = self.head()
        while 100 <= status < 200:  # the answer is still to come
            status, head, rest = self.head(rest)
        if status == 0:
            return 0
        length = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
        wanted = 0 if method == "HEAD" or status in (204, 304) else int(length[1]) if length else 0
        while len(rest) < wanted:
            part = self.socket.recv(65536)
            if not part:
                raise AssertionError(f"an answer of {wanted} bytes ended after {len(rest)}")
            rest += part
        # After an error the rest of a body may still be on its way: begin anew.
        if status >= 400 or re.search(rb"(?i)\r\nconnection: close", head) or len(rest) > wanted:
            self.close()
        return status

    def close(self):
        if self.socket:
            self.socket.close()
        self.socket = None


def run(url, count, seed, share=0.3):
    """Sends `count` requests, a `share` of them with numbers near limits, and gives how many answers there were of each status."""
    place = urlparse(url)
    draw = random.Random(seed)
    connection, statuses = Connection(place.hostname, place.port), {}
    for number in range(count):
        data, method = numbers(draw) if draw.random() < share else request(draw)
        status = connection.send(data, method)
        statuses[status] = statuses.get(status, 0) + 1
        if status in (500, 501, 502):
            raise AssertionError(f"request {number} of seed {seed} was answered with {status}:\n{data[:2000]!r}")
        if number % 500 == 499:
            health = Connection(place.hostname, place.port)
            assert health.send(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n", "GET") == 200, f"the server is ill after {number + 1} requests"
            health.close()
            print(f"\r{number + 1}/{count} {dict(sorted(statuses.items()))}", end="", file=sys.stderr)
    print(file=sys.stderr)
    return statuses


if __name__ == "__main__":
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 100_000
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    print(json.dumps(dict(sorted(run(sys.argv[1], count, seed).items()))))
