"""The page that `dataset statistics --report` writes, opened as a file by someone without a network."""
import base64
import json
import subprocess

import pytest
from axe_playwright_python.sync_playwright import Axe

from conftest import DIPTYCH

HOSTILE = "<img src=http://example.invalid/x.png onerror=alert(1)><script>document.title='evil'</script>"


@pytest.fixture(scope="module")
def report(pictures, tmp_path_factory):
    """A report of sixty images, one that is broken and a hostile caption among them, with similarities."""
    folder = tmp_path_factory.mktemp("report")
    captions = [json.loads(line) for line in (pictures / "captions.jsonl").read_text().splitlines()]
    with open(folder / "train_imgs.tsv", "wb") as images, open(folder / "train_texts.jsonl", "w") as texts:
        for id, entry in enumerate(captions):
            data = (pictures / entry["file"]).read_bytes() if id != 7 else b"no image"
            images.write(b"%d\t%s\n" % (id, base64.b64encode(data)))
            text = HOSTILE if id == 3 else entry["caption_en"]
            texts.write(json.dumps({"text_id": id, "text": text, "image_ids": [id]}) + "\n")
    page = folder / "report.html"
    command = [DIPTYCH, "dataset", "statistics", folder, "--model", "demo", "--report", page, "--quiet"]
    assert subprocess.run(command, capture_output=True).returncode == 3
    return page


@pytest.fixture(params=["light", "dark"])
def opened(report, open_context, request):
    """The report in a browser without network, and what it asked for and complained about."""
    page = open_context(color_scheme=request.param, offline=True).new_page()
    requests, complaints = [], []
    page.on("request", lambda asked: requests.append(asked.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(report.as_uri())
    yield page, request.param
    assert [url for url in requests if not url.startswith("data:") and url != report.as_uri()] == []
    assert complaints == []


def test_it_shows_everything_and_fits_the_screen(opened, size):
    page, _ = opened
    headings = [heading.inner_text() for heading in page.locator("h2").all()]
    for wanted in ["Splits", "Faults", "Images", "Texts", "Similarity of texts and their images", "Pairs that fit worst", "Samples"]:
        assert wanted in headings
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    # Each image is decoded, from the file itself.
    assert page.evaluate("[...document.images].length > 20 && [...document.images].every(image => image.complete && image.naturalWidth > 0)")
    assert page.locator("svg[role=img]").count() >= 7


def test_texts_of_the_dataset_stay_texts(opened):
    page, _ = opened
    assert "evil" not in page.title()
    assert page.locator("script").count() == 0
    assert page.locator("img[onerror]").count() == 0


def test_colours_follow_the_system(opened):
    page, scheme = opened
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, ground.strip("rgb()").split(","))) > 3 * 128) == (scheme == "light")


def test_it_is_accessible(opened):
    page, _ = opened
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()
