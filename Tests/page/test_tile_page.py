"""The page of tiles: a dropped sheet lights up, the slider moves the threshold, and the answer can be copied."""
import json
import subprocess

import pytest
from playwright.sync_api import expect

from conftest import DIPTYCH


@pytest.fixture(scope="module")
def sheets(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sheets")
    subprocess.run([DIPTYCH, "pictures", "--sheets", "12", "--seed", "60", "--split", "valid", "--output", folder, "--quiet"], check=True)
    lines = [json.loads(line) for line in (folder / "sheets.jsonl").read_text().splitlines()]
    return folder, lines


@pytest.fixture
def page(visit):
    visit.open("/tiles", settled=False)
    # Until it is empty of a sheet, nothing can be found.
    expect(visit.page.locator("#find")).to_be_disabled()
    visit.context.grant_permissions(["clipboard-read", "clipboard-write"])
    return visit


def test_a_dropped_sheet_lights_up(page, sheets):
    folder, lines = sheets
    truth = lines[0]
    page.page.fill("#words", "; ".join(truth["words_en"]))
    with page.page.expect_response("**/v1/tiles") as response:
        page.drop("#drop", [folder / truth["file"]])
    answer = response.value.json()
    assert answer["words"] == truth["words_en"]
    expect(page.page.locator(".box")).to_have_count(len(answer["tiles"]))
    wanted = {index for match in answer["matches"] for index in match}
    lit = page.page.locator(".box.is-lit").evaluate_all("boxes => boxes.map((box) => Number(box.dataset.index))")
    assert set(lit) == wanted
    # At the left end all tiles match.
    page.page.locator("#threshold").fill("0")
    expect(page.page.locator(".box.is-lit")).to_have_count(len(answer["tiles"]))
    page.page.get_by_role("button", name="Copy as JSON").click()
    copied = json.loads(page.page.evaluate("navigator.clipboard.readText()"))
    assert copied["tiles"] == answer["tiles"]
    assert copied["matches"][0] == [tile["index"] for tile in answer["tiles"]]


def test_words_are_read_from_the_sheet(page, sheets):
    folder, lines = sheets
    truth = next(line for line in lines if line["degree"] == "clean" and line["instruction"])
    page.page.check("#read")
    with page.page.expect_response("**/v1/tiles") as response:
        page.page.set_input_files("#file", folder / truth["file"])
    assert response.value.json()["words"]
    expect(page.page.locator("#legend span").first).to_be_visible()


def test_what_has_no_grid_is_said(page, pictures):
    page.page.fill("#words", "a red star")
    with page.page.expect_response("**/v1/tiles") as response:
        page.page.set_input_files("#file", pictures / "scene-000003.jpg")
    if response.value.json()["unsure"]:
        expect(page.page.locator("#outcome")).to_contain_text("Unsure")


def test_what_is_no_picture_is_refused(page):
    page.drop("#drop", [("notes.txt", b"words")])
    expect(page.page.locator("#toasts")).to_contain_text("That is not an image.")
