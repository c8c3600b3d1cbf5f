"""http:// as a source: pages of links, and tables of servers that give parts and of those that do not."""
import functools
import http.server
import re
import threading

import pytest
from conftest import diptych, rows


class Handler(http.server.SimpleHTTPRequestHandler):
    """Python's own, which gives whole files only; with `parts`, ranges as well."""
    parts, asked = False, []

    def log_message(self, *_):
        pass

    def do_GET(self):
        Handler.asked.append((self.path, self.headers.get("Range")))
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if not (self.parts and wanted):
            return super().do_GET()
        with open(self.translate_path(self.path), "rb") as file:
            data = file.read()
        first, last = int(wanted[1]), min(int(wanted[2] or len(data) - 1), len(data) - 1)
        self.send_response(206)
        self.send_header("Content-Range", f"bytes {first}-{last}/{len(data)}")
        self.send_header("Content-Length", str(last - first + 1))
        self.end_headers()
        self.wfile.write(data[first:last + 1])

    def end_headers(self):
        if self.parts:
            self.send_header("Accept-Ranges", "bytes")
        super().end_headers()


@pytest.fixture(params=[False, True], ids=["whole", "parts"])
def site(request, pictures, tmp_path):
    for name in ["red fox", "owl"]:
        (tmp_path / "web/by class" / name).mkdir(parents=True)
    for number, picture in enumerate(pictures):
        (tmp_path / "web/by class" / ["red fox", "owl"][number % 2] / picture.name).write_bytes(picture.read_bytes())
    diptych("dataset", "convert", tmp_path / "web/by class", "--to", "parquet", "--output", tmp_path / "web/table")
    Handler.parts, Handler.asked = request.param, []
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(tmp_path / "web")))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", tmp_path / "web"
    server.shutdown()


def test_a_page_of_links_is_a_folder(site):
    address, folder = site
    here, _ = diptych("dataset", "show", folder / "by class", "--format", "jsonl")
    for url in [f"{address}/by%20class/", f"{address}/by%20class"]:
        there, _ = diptych("dataset", "show", url, "--format", "jsonl")
        assert [(r["image"].split("/")[-1], r["label"]) for r in rows(there)] == [(r["image"].split("/")[-1], r["label"]) for r in rows(here)]


def test_a_table_is_read_whether_or_not_in_parts(site):
    address, folder = site
    here, _ = diptych("dataset", "show", folder / "table/train.parquet", "--format", "jsonl", "--base64")
    there, _ = diptych("dataset", "show", f"{address}/table/train.parquet", "--format", "jsonl", "--base64")
    assert here == there and len(rows(here)) == 12
    assert any(r for _, r in Handler.asked) == Handler.parts


def test_images_are_brought_along(site, tmp_path):
    address, folder = site
    diptych("dataset", "convert", f"{address}/by%20class/", "--to", "folder", "--output", tmp_path / "made")
    made = {p.read_bytes() for p in (tmp_path / "made").rglob("*.jpg")}
    assert made == {p.read_bytes() for p in folder.rglob("*.jpg")}


def test_what_is_no_source_is_said(site):
    address, _ = site
    for url, words in [(f"{address}/none.csv", "there is no such file"), ("http://127.0.0.1:9/a.csv", "onnect"), ("http://", "URL")]:
        _, said = diptych("dataset", "show", url, status=1)
        assert words in said and said.count("\n") == 1
