"""Videos on the search page: their moments play, and their frames are searched for."""
import json
import re
import subprocess

import pytest
from playwright.sync_api import expect

from conftest import DIPTYCH, Server
from visit import Visit


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    folder = tmp_path_factory.mktemp("films")
    subprocess.run([DIPTYCH, "pictures", "--videos", "4", "--seed", "3", "--output", folder, "--quiet"], check=True)
    return folder


@pytest.fixture(scope="module")
def moments(films):
    """The moments of the first video."""
    return json.loads((films / "videos.jsonl").read_text().splitlines()[0])["moments"]


@pytest.fixture(scope="module")
def film_server(films, tmp_path_factory):
    store = tmp_path_factory.mktemp("film-store") / "s.store"
    subprocess.run([DIPTYCH, "index", films, "--store", store, "--quiet"], check=True)
    server = Server("--store", str(store))
    yield server
    server.stop()


@pytest.fixture
def found(film_server, open_context, moments):
    """A search for the second moment of the first video."""
    visit = Visit(film_server.address, open_context())
    visit.open("/")
    visit.search(moments[1]["caption_en"])
    visit.settle()
    yield visit
    visit.check()


def player(page):
    return page.locator("#detail video")


def now(page):
    return player(page).evaluate("(video) => video.currentTime")


def wait_for_time(page, low, high):
    for _ in range(100):
        if low <= now(page) <= high:
            return
        page.wait_for_timeout(50)
    assert low <= now(page) <= high


def test_a_result_plays_from_its_moment(found, moments):
    page = found.page
    expect(page.locator("#grid .times").first).to_be_visible()
    page.locator("#grid .open").first.click()
    expect(player(page)).to_be_visible()
    wait_for_time(page, moments[1]["start"] - 0.6, moments[1]["end"])
    expect(page.locator("#video-moments li")).not_to_have_count(0)


def test_moments_under_the_player_lead_to_their_times(found):
    page = found.page
    page.locator("#grid .open").first.click()
    last = page.locator("#video-moments button").last
    last.click()
    start = float(last.get_attribute("data-start"))
    wait_for_time(page, start - 0.1, start + 5)
    expect(last).to_have_attribute("aria-current", "true")


def test_a_search_within_the_video_ranks_its_moments(found, moments):
    page = found.page
    page.locator("#grid .open").first.click()
    page.locator("#video-text").fill(moments[2]["caption_en"])
    page.keyboard.press("Enter")
    first = page.locator("#video-moments button").first
    expect(first).to_have_attribute("aria-current", "true")
    assert abs(float(first.get_attribute("data-start")) - moments[2]["start"]) < 1.1


def test_a_frame_is_searched_for(found):
    page = found.page
    page.locator("#grid .open").first.click()
    expect(player(page)).to_be_visible()
    page.locator("#video-frame").click()
    expect(page.locator("#detail")).not_to_be_visible()
    expect(page.locator("#chips")).to_contain_text("Your picture")
    found.settle()


def test_a_frame_is_dragged_into_the_search_bar(found):
    page = found.page
    page.locator("#grid .open").first.click()
    source = page.locator("#video-moments img").first
    expect(source).to_be_visible()
    source.evaluate("""(image) => {
      window.carried = new DataTransfer();
      image.dispatchEvent(new DragEvent("dragstart", { dataTransfer: window.carried, bubbles: true }));
    }""")
    # The dialog makes room before anybody can have reached the bar.
    expect(page.locator("#detail")).not_to_be_visible()
    expect(page).not_to_have_url(re.compile("item="))
    page.locator("#search").evaluate("""(bar) =>
      bar.dispatchEvent(new DragEvent("drop", { dataTransfer: window.carried, bubbles: true, cancelable: true }))""")
    expect(page.locator("#chips")).to_contain_text("Your picture")
    found.settle()


def test_a_muted_preview_plays_while_the_pointer_is_over_a_tile(found, size):
    if size == "phone":
        pytest.skip("a phone has no pointer that hovers")
    page = found.page
    page.locator("#grid .open").first.hover()
    preview = page.locator("#grid .preview")
    expect(preview).to_have_count(1)
    assert preview.evaluate("(video) => video.muted")
    page.mouse.move(2, 2)
    expect(preview).to_have_count(0)
