"""Several pictures at once: selected among the results or on the map, then labelled, tagged, captioned, taken home or removed."""
import io
import json
import subprocess
import zipfile

import pytest
from playwright.sync_api import expect

from conftest import DIPTYCH, Server
from test_map import WHOLE, draw
from visit import Visit


@pytest.fixture
def size():
    return "desktop"


@pytest.fixture
def own(tmp_path, pictures):
    """A server on a store of its own, with three labels."""
    store, labels = str(tmp_path / "own.store"), tmp_path / "labels.txt"
    labels.write_text("red\nblue\n<img src=x onerror=alert(1)>\n")
    subprocess.run([DIPTYCH, "index", pictures, "--store", store, "--quiet"], check=True)
    server = Server(store, "--labels", str(labels), "--task", "single", command="label")
    server.store, server.address = store, server.address.rsplit("/", 1)[0]
    yield server
    server.stop()


def values(server):
    out = subprocess.run(
        [DIPTYCH, "dataset", "show", f"store:{server.store}", "--format", "jsonl", "--quiet"], check=True, capture_output=True, text=True).stdout
    return [row["annotation.label"] for row in map(json.loads, out.splitlines()) if row.get("annotation.label") is not None]


@pytest.fixture
def found(own, open_context):
    visit = Visit(own.address, open_context())
    visit.open("/")
    yield visit
    visit.check()


def item(page, address, id):
    return page.request.get(f"{address}/v1/items/{id}").json()


def choose(visit, first, last):
    """Selects a range of results."""
    for place, keys in ((first, []), (last, ["Shift"])):
        visit.tiles.nth(place).hover()
        visit.tiles.nth(place).locator(".select").click(modifiers=keys)
    expect(visit.page.locator("#selection-count")).to_have_text(f"{last - first + 1} selected")


def apply(page, kind, text):
    page.select_option("#selection-kind", kind)
    page.fill("#selection-text", text)
    page.get_by_role("button", name="Apply").click()


def undo(page):
    page.locator("#toasts .toast").last.get_by_role("button", name="Undo").click()


def test_results_are_labelled_and_undone_at_once(own, found):
    page = found.page
    choose(found, 1, 3)
    page.locator("#selection-text").focus()
    expect(page.locator("#selection-words option")).to_have_count(3)
    apply(page, "label", "blue")
    expect(page.locator("#toasts")).to_contain_text("3 pictures labelled")
    assert values(own) == ["blue"] * 3
    undo(page)
    expect(page.locator("#toasts")).to_contain_text("3 decisions undone")
    assert values(own) == []


def test_tags_and_captions_are_given_and_taken_back(own, found):
    page, ids = found.page, found.ids
    old = [item(page, own.address, id)["attributes"].get("caption") for id in ids[:2]]
    choose(found, 0, 1)
    apply(page, "tag", "holiday")
    expect(page.locator("#toasts")).to_contain_text("Tags of 2 pictures changed")
    assert [item(page, own.address, id)["attributes"]["tags"] for id in ids[:2]] == [["holiday"]] * 2
    undo(page)
    expect(page.locator("#toasts .toast")).to_have_count(0)
    apply(page, "caption", "<i>at the sea</i>")
    expect(page.locator("#toasts")).to_contain_text("Captions of 2 pictures changed")
    expect(found.tiles.first.locator("img")).to_have_attribute("alt", "<i>at the sea</i>")
    assert [item(page, own.address, id)["attributes"]["caption"] for id in ids[:2]] == ["<i>at the sea</i>"] * 2
    assert all("tags" not in item(page, own.address, id)["attributes"] for id in ids[:2])
    undo(page)
    expect(found.tiles.first.locator("img")).not_to_have_attribute("alt", "<i>at the sea</i>")
    assert [item(page, own.address, id)["attributes"].get("caption") for id in ids[:2]] == old


def test_selected_pictures_are_taken_home(own, found):
    page, ids = found.page, found.ids
    choose(found, 0, 2)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    archive = zipfile.ZipFile(io.BytesIO(open(download.value.path(), "rb").read()))
    assert [entry["id"] for entry in json.loads(archive.read("manifest.json"))["items"]] == ids[:3]
    assert len(archive.namelist()) == 4 and archive.testzip() is None


def test_selected_pictures_are_removed_and_brought_back(own, found):
    page, ids = found.page, found.ids
    found.tiles.first.locator(".open").focus()
    page.keyboard.press("x")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+X")
    expect(page.locator("#selection-count")).to_have_text("2 selected")
    page.locator("#selection-remove").click()
    expect(page.locator("#toasts")).to_contain_text("2 pictures deleted")
    assert page.request.get(f"{own.address}/v1/items/{ids[0]}").status == 404
    undo(page)
    expect(page.locator("#grid .open").first).to_have_attribute("data-id", ids[0])
    assert found.ids == ids


def test_all_are_selected_by_keys_and_none_by_a_new_search(found):
    page = found.page
    found.tiles.first.locator(".open").focus()
    page.keyboard.press("Control+a")
    expect(page.locator("#selection-count")).to_have_text(f"{found.tiles.count()} selected")
    assert found.serious_violations() == []
    found.search("a red star")
    expect(page.locator("#selection")).to_be_hidden()


def test_a_caption_and_tags_are_edited_in_place(own, found):
    page = found.page
    found.open_first()
    id = found.ids[0]
    page.fill("#detail-caption", "two stars")
    page.fill("#detail-tags", "sky,  night , sky")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#detail-facts")).to_contain_text("two stars")
    now = item(page, own.address, id)["attributes"]
    assert now["caption"] == "two stars" and now["tags"] == ["sky", "night"]


def test_a_lasso_is_labelled_by_one_key_and_undone(own, open_context):
    visit = Visit(own.address, open_context())
    visit.open("/map", settled=False)
    page = visit.page
    expect(page.locator("#count")).to_have_text("60 pictures", timeout=30_000)
    page.keyboard.press("l")
    left = [(0.01, 0.01), (0.5, 0.01), (0.5, 0.99), (0.01, 0.99)]
    draw(page, *left)
    count = int(page.locator("#chosen-count").text_content().split()[0])
    expect(page.locator("#label-buttons button")).to_have_count(3)
    page.keyboard.press("2")
    expect(page.locator("#toasts")).to_contain_text(f"{count} pictures labelled")
    expect(page.locator("#names span")).to_have_text(["blue"])
    assert values(own) == ["blue"] * count
    # Those that have a label stay as they are, unless it is said otherwise.
    draw(page, *WHOLE)
    page.keyboard.press("1")
    expect(page.locator("#toasts")).to_contain_text(f"{count} had a label already")
    assert sorted(values(own)) == ["blue"] * count + ["red"] * (60 - count)
    page.keyboard.press("z")
    expect(page.locator("#toasts")).to_contain_text(f"{60 - count} decisions undone")
    assert values(own) == ["blue"] * count
    visit.check()
