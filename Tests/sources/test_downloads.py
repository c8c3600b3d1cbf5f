"""Lists of URLs, from a server on this machine that keeps connections open."""
import hashlib
import http.server
import json
import signal
import subprocess
import threading
import time

import pytest
from conftest import DIPTYCH, diptych, rows


class Site(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, pictures):
        super().__init__(("127.0.0.1", 0), Handler)
        self.pictures, self.asked, self.delay, self.broken = [p.read_bytes() for p in pictures], [], 0, set()
        threading.Thread(target=self.serve_forever, daemon=True).start()
        self.root = f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request, client_address):
        """Clients that are killed are what is tested."""

    def body(self, number):
        return self.pictures[number % len(self.pictures)] + str(number).encode()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        site, number = self.server, int(self.path.split("/")[-1])
        site.asked.append(number)
        time.sleep(site.delay)
        status, body = (500, b"") if number in site.broken else (200, site.body(number))
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("ETag", f'"{number}"')
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def site(pictures):
    server = Site(pictures)
    yield server
    server.shutdown()


def listed(path, site, count):
    path.write_text("url,caption\n" + "".join(f"{site.root}/{n},number {n}\n" for n in range(count)))
    return path


def test_a_list_is_downloaded_and_becomes_a_dataset(site, tmp_path):
    source, out = listed(tmp_path / "list.csv", site, 200), tmp_path / "out"
    site.broken = {7, 8}
    _, said = diptych("dataset", "download", source, "--url", "url", "--output", out, "--allow-private-urls", status=3)
    assert "downloaded 198" in said and f"failed {site.root}/7: the server answers 500" in said
    table = rows((out / "downloads.jsonl").read_text())
    assert [r["url"] for r in table] == [f"{site.root}/{n}" for n in range(200)]
    assert table[7]["status"] == "failed" and table[7]["reason"] == "the server answers 500"
    good = table[9]
    assert good["etag"] == "9" and good["sha256"] == hashlib.sha256(site.body(9)).hexdigest() and good["size"] == len(site.body(9))
    assert (out / good["path"]).read_bytes() == site.body(9)
    images = rows((out / "images.jsonl").read_text())
    assert len(images) == 198 and images[0] == {"image": table[0]["path"], "url": f"{site.root}/0", "caption": "number 0"}
    shown, _ = diptych("dataset", "show", out / "images.jsonl", "--limit", "1")
    assert "number 0" in shown
    site.broken, site.asked = {8}, []
    _, said = diptych("dataset", "download", source, "--url", "url", "--output", out, "--retry", "failed", "--allow-private-urls", status=3)
    assert set(site.asked) == {7, 8} and "downloaded 1 " in said and "there before 198" in said


def test_a_killed_run_goes_on_where_it_was(site, tmp_path):
    source, out = listed(tmp_path / "list.csv", site, 600), tmp_path / "out"
    site.delay = 0.05
    command = [DIPTYCH, "dataset", "download", str(source), "--url", "url", "--output", str(out), "--allow-private-urls", "--quiet"]
    for _ in range(3):
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        time.sleep(0.8)
        process.send_signal(signal.SIGKILL)
        process.wait()
    state = out / "downloads.jsonl"
    done = {json.loads(line)["url"] for line in state.read_text().splitlines() if line.endswith("}")}
    for line in state.read_text().splitlines()[:-1]:
        record = json.loads(line)
        assert (out / record["path"]).stat().st_size == record["size"]
    site.delay, site.asked = 0, []
    diptych("dataset", "download", source, "--url", "url", "--output", out, "--allow-private-urls")
    assert not done & {f"{site.root}/{n}" for n in site.asked}
    table = rows(state.read_text())
    assert len(table) == 600 and all(r["status"] == "downloaded" for r in table)
    assert all(hashlib.sha256((out / r["path"]).read_bytes()).hexdigest() == r["sha256"] for r in table)
    assert not (out / ".unfinished").exists()


def test_private_addresses_are_refused(site, tmp_path):
    source = listed(tmp_path / "list.csv", site, 3)
    _, said = diptych("dataset", "download", source, "--url", "url", "--output", tmp_path / "out", status=3)
    assert "not a public address; --allow-private-urls" in said and not site.asked


def test_interrupting_keeps_what_is_there(site, tmp_path):
    source, out = listed(tmp_path / "list.csv", site, 2000), tmp_path / "out"
    site.delay = 0.05
    process = subprocess.Popen([DIPTYCH, "dataset", "download", str(source), "--output", str(out), "--allow-private-urls"], stderr=subprocess.PIPE, text=True)
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=10) == 130
    assert 0 < len(rows((out / "downloads.jsonl").read_text())) < 2000


def test_mistakes_are_one_line(site, tmp_path):
    source = listed(tmp_path / "list.csv", site, 1)
    _, said = diptych("dataset", "download", source, "--url", "nothing", "--output", tmp_path / "o", status=1)
    assert "has no column 'nothing'; it has url, caption" in said
    (tmp_path / "file").write_text("x")
    _, said = diptych("dataset", "download", source, "--output", tmp_path / "file", status=1)
    assert "is a file" in said
    for option in [["--connections", "0"], ["--per-host", "-1"], ["--max-size", "9999"], ["--host-rate", "nan"], ["--timeout", "inf"]]:
        diptych("dataset", "download", source, "--output", tmp_path / "o", *option, status=2)
