"""The labelling page: keys, what is kept, what is undone, several windows, no connection."""
import json
import re
import subprocess
import time

import pytest
from playwright.sync_api import expect

from conftest import DIPTYCH, Server
from visit import Visit

COLOURS = ["red", "blue", "green", "yellow"]


class Labels:
    """A store of its own, a server on it that may be killed, and what the store says."""

    def __init__(self, folder, pictures, task="single"):
        self.store = str(folder / "label.store")
        (folder / "labels.txt").write_text("\n".join(COLOURS) + "\n")
        self.task, self.folder = task, folder
        subprocess.run([DIPTYCH, "index", pictures, "--store", self.store, "--quiet"], check=True)
        self.options = ["--labels", str(folder / "labels.txt"), "--task", task, "--annotator", "ann"]
        self.server = Server(self.store, *self.options, command="label")
        self.port = self.server.address.rsplit("/", 1)[0].rsplit(":", 1)[1]
        self.address = f"http://127.0.0.1:{self.port}"

    def kill(self):
        self.server.process.kill()
        self.server.process.wait()

    def restart(self):
        self.server = Server(self.store, *self.options, command="label", port=self.port)

    def values(self):
        """The labels that hold, by the image's id."""
        out = subprocess.run(
            [DIPTYCH, "dataset", "show", f"store:{self.store}", "--format", "jsonl", "--quiet"], check=True, capture_output=True, text=True).stdout
        name = {"single": "label", "multiple": "labels", "text": "text"}[self.task]
        rows = [json.loads(line) for line in out.splitlines()]
        return {row["id"]: row[f"annotation.{name}"] for row in rows if row.get(f"annotation.{name}") is not None}


@pytest.fixture
def size():
    return "desktop"


@pytest.fixture
def labels(tmp_path, pictures, request):
    made = Labels(tmp_path, pictures, getattr(request, "param", "single"))
    yield made
    made.server.process.kill()
    made.server.process.wait()


@pytest.fixture
def labelling(labels, open_context):
    visit = begin(labels, open_context)
    yield visit
    visit.check()


def begin(labels, open_context, order="listed", **settings):
    context = open_context(**settings)
    context.add_init_script(f"localStorage.setItem('diptych.label.order', '{order}')")
    visit = Visit(labels.address, context)
    visit.open("/label", settled=False)
    expect(visit.page.locator("#stage img")).to_be_visible()
    return visit


def shown(page):
    return page.locator("#name").inner_text()


def press(page, key):
    """Presses a key and waits for the next image."""
    before = shown(page)
    page.keyboard.press(key)
    expect(page.locator("#name")).not_to_have_text(before)


def test_keys_assign_and_undo_goes_back(labels, labelling):
    page = labelling.page
    names = []
    for key in "1234":
        names.append(shown(page))
        press(page, key)
    expect(page.locator("#saved")).to_have_text("All saved")
    assert list(labels.values().values()) == COLOURS
    for name in reversed(names):
        page.keyboard.press("z")
        expect(page.locator("#name")).to_have_text(name)
    page.keyboard.press("z")
    expect(page.locator("#toasts")).to_contain_text("nothing to undo")
    assert labels.values() == {}
    press(page, "ArrowRight")
    press(page, "ArrowLeft")
    press(page, "s")
    assert labels.values() == {}


def test_space_accepts_and_the_share_is_shown(labels, labelling):
    page = labelling.page
    first = page.locator("#suggestions button").first
    expect(first).to_contain_text("%")
    label = first.locator("span").first.inner_text()
    press(page, " ")
    expect(page.locator("#progress")).to_contain_text("accepted: 100")
    assert list(labels.values().values()) == [label]


def test_search_adds_labels_and_markup_is_text(labels, labelling):
    page = labelling.page
    markup = "<img src=x onerror=alert(1)>"
    for typed in ["gr", markup, "红色的车"]:
        before = shown(page)
        page.keyboard.press("/")
        page.keyboard.type(typed)
        if typed == "gr":
            expect(page.locator("#matches li")).to_have_count(1)
        else:
            expect(page.locator("#matches li")).to_have_count(0)
        page.keyboard.press("Enter")
        expect(page.locator("#name")).not_to_have_text(before)
    expect(page.locator("#labels")).to_contain_text(markup)
    assert list(labels.values().values()) == ["green", markup, "红色的车"]
    page.keyboard.press("/")
    page.keyboard.type("hsdc")
    expect(page.locator("#matches li")).to_contain_text(["红色的车"])
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.locator("#help")).to_contain_text("undoes the last decision")
    page.keyboard.press("Escape")
    assert labelling.serious_violations() == []


def test_without_a_connection_decisions_wait_and_are_sent(labels, labelling):
    page = labelling.page
    labelling.allows_failed_requests = True
    press(page, "1")
    labelling.context.set_offline(True)
    press(page, "2")
    press(page, "3")
    expect(page.locator("#saved")).to_contain_text("2 decisions wait")
    assert len(labels.values()) == 1
    labelling.context.set_offline(False)
    expect(page.locator("#saved")).to_have_text("All saved")
    assert list(labels.values().values()) == ["red", "blue", "green"]


def test_two_windows_get_different_images_and_keep_what_the_other_says(labels, labelling, open_context):
    page = labelling.page
    other = labelling.context.new_page()
    other.goto(labels.address + "/label")
    expect(other.locator("#stage img")).to_be_visible()
    assert shown(page) != shown(other)
    press(page, "1")
    press(other, "2")
    expect(page.locator("#saved")).to_have_text("All saved")
    expect(other.locator("#saved")).to_have_text("All saved")
    # Somebody else labels what this window shows.
    image = page.request.get(f"{labels.address}/v1/labels/queue?tab=probe&order=listed&scope=all&grid=true&count=60").json()["images"]
    own = next(one["id"] for one in image if one["name"] == shown(page))
    page.request.post(f"{labels.address}/v1/labels/decisions", data={"operations": [{"id": "x", "item": own, "labels": ["yellow"]}]})
    page.keyboard.press("3")
    expect(page.locator("#toasts")).to_contain_text("labelled elsewhere")
    assert labels.values()[own] == "yellow"


def test_a_grid_is_labelled_and_undone_at_once(labels, labelling):
    page = labelling.page
    page.keyboard.press("g")
    tiles = page.locator("#tiles button")
    expect(tiles).to_have_count(60)
    tiles.nth(0).click()
    tiles.nth(4).click(modifiers=["Shift"])
    tiles.nth(2).click()
    expect(page.locator("#chosen")).to_have_text("4 selected")
    page.keyboard.press("2")
    expect(tiles).to_have_count(56)
    expect(page.locator("#saved")).to_have_text("All saved")
    assert list(labels.values().values()) == ["blue"] * 4
    page.keyboard.press("Escape")
    page.keyboard.press("z")
    expect(page.locator("#toasts")).to_contain_text("4 decisions undone")
    assert labels.values() == {}


@pytest.mark.parametrize("labels", ["multiple"], indirect=True)
def test_several_labels(labels, labelling):
    page = labelling.page
    page.keyboard.press("1")
    page.keyboard.press("3")
    expect(page.locator("#labels [aria-pressed=true]")).to_have_count(2)
    press(page, "Enter")
    press(page, "Enter")
    expect(page.locator("#saved")).to_have_text("All saved")
    assert list(labels.values().values()) == [["red", "green"], []]


@pytest.mark.parametrize("labels", ["text"], indirect=True)
def test_a_text_and_the_same_again(labels, labelling):
    page = labelling.page
    page.keyboard.press("/")
    for _ in range(2):
        before = shown(page)
        page.keyboard.type("two yellow stars")
        page.keyboard.press("Enter")
        expect(page.locator("#name")).not_to_have_text(before)
    expect(page.locator("#saved")).to_have_text("All saved")
    out = labels.folder / "out"
    subprocess.run([DIPTYCH, "label", "export", labels.store, "--to", "chinese-clip", "--output", out], check=True)
    texts = [json.loads(line) for line in (out / "train_texts.jsonl").read_text().splitlines()]
    assert [(text["text"], len(text["image_ids"])) for text in texts] == [("two yellow stars", 2)]


def test_by_touch_and_in_chinese(labels, open_context):
    visit = begin(labels, open_context, viewport={"width": 390, "height": 844}, has_touch=True, locale="zh-CN")
    page = visit.page
    before = shown(page)
    page.locator("#labels button", has_text="blue").tap()
    expect(page.locator("#name")).not_to_have_text(before)
    expect(page.locator("#saved")).to_have_text("已全部保存")
    page.locator("#undo").tap()
    expect(page.locator("#name")).to_have_text(before)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    visit.check()


def test_killed_servers_lose_nothing(labels, open_context):
    kill_servers(labels, open_context, 3)


def kill_servers(labels, open_context, times, seed=1):
    import random
    moments = random.Random(seed)
    visit = begin(labels, open_context)
    visit.allows_failed_requests = True
    page, confirmed = visit.page, []
    page.on("response", lambda response: "/v1/labels/decisions" in response.url and response.ok and confirmed.append(response))
    decided = 0
    for _ in range(times):
        end = time.monotonic() + moments.random() * 0.4
        while time.monotonic() < end and decided < 50:
            press(page, moments.choice("1234"))
            decided += 1
        labels.kill()
        if decided < 50:
            press(page, "1")
            decided += 1
        expect(page.locator("#saved")).to_contain_text("kept in this browser")
        labels.restart()
        expect(page.locator("#saved")).to_have_text("All saved", timeout=20_000)
        assert len(labels.values()) == decided
    name = shown(page)
    page.reload()
    expect(page.locator("#name")).to_have_text(name)
