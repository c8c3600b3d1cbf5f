"""The map: points that one moves over, pictures that are seen from close by, and lines around some."""
import re

import pytest
from playwright.sync_api import expect


@pytest.fixture
def map_page(visit):
    visit.open("/map", settled=False)
    # The server makes it when it is first asked for.
    expect(visit.page.locator("#count")).to_have_text("60 pictures", timeout=30_000)
    expect(visit.page.locator("#map")).to_have_attribute("data-frames", re.compile("^[1-9]"))
    return visit


def corner(page, x, y):
    box = page.locator("#map").bounding_box()
    return box["x"] + box["width"] * x, box["y"] + box["height"] * y


def draw(page, *corners):
    """A line around a part of the map, in shares of its width and height."""
    first, *others = [corner(page, x, y) for x, y in corners]
    page.mouse.move(*first)
    page.mouse.down()
    for place in others:
        page.mouse.move(*place, steps=4)
    page.mouse.up()


WHOLE = [(0.01, 0.01), (0.99, 0.01), (0.99, 0.99), (0.01, 0.99)]


def test_a_line_around_all_selects_all_and_escape_none(map_page):
    page = map_page.page
    page.get_by_role("button", name="Lasso").click()
    draw(page, *WHOLE)
    expect(page.locator("#chosen-count")).to_have_text("60 selected")
    expect(page.locator("#chosen-items img")).to_have_count(60)
    page.keyboard.press("Escape")
    expect(page.locator("#chosen")).to_be_hidden()


def test_a_line_around_half_selects_what_lies_there(map_page):
    page = map_page.page
    page.get_by_role("button", name="Lasso").click()
    draw(page, (0.01, 0.01), (0.5, 0.01), (0.5, 0.99), (0.01, 0.99))
    words = page.locator("#chosen-count")
    expect(words).to_have_text(re.compile(r"^\d+ selected$"))
    left = int(words.text_content().split()[0])
    draw(page, (0.5, 0.01), (0.99, 0.01), (0.99, 0.99), (0.5, 0.99))
    expect(words).not_to_have_text(f"{left} selected" if left != 30 else "none")
    assert 0 < left < 60 and left + int(words.text_content().split()[0]) == 60


def test_the_ids_that_are_saved_are_those_of_the_selection(map_page, server):
    page = map_page.page
    page.keyboard.press("l")
    draw(page, *WHOLE)
    with page.expect_download() as download:
        page.get_by_role("button", name="Save their ids").click()
    ids = open(download.value.path()).read().split()
    known = page.evaluate("fetch('v1/items?limit=100').then((answer) => answer.json()).then((page) => page.items.map((item) => item.id))")
    assert sorted(ids) == sorted(known) and len(ids) == 60


def test_from_close_by_pictures_are_seen_and_a_click_opens_one(map_page, size):
    page = map_page.page
    expect(page.locator("#thumbnails img")).to_have_count(0)
    middle = corner(page, 0.5, 0.5)
    page.mouse.move(*middle)
    page.get_by_role("button", name="Lasso").click()
    draw(page, *WHOLE)
    page.get_by_role("button", name="Lasso").click()
    for _ in range(12):
        page.keyboard.press("+")
    # Somewhere around the middle there may be none: the selection is zoomed to, and one of its pictures opened.
    page.get_by_role("button", name="Zoom to them").click()
    page.locator("#chosen-items a").first.click()
    page.wait_for_url(re.compile(r"/\?item=\d+$"))
    expect(page.locator("#detail")).to_be_visible()


def test_moving_and_zooming_draw_again(map_page):
    page = map_page.page
    room = page.locator("#map")
    pixels = lambda: page.evaluate("document.querySelector('#points').toDataURL()")
    before, frames = pixels(), room.get_attribute("data-frames")
    page.mouse.move(*corner(page, 0.5, 0.5))
    page.mouse.wheel(0, -400)
    expect(room).not_to_have_attribute("data-frames", frames)
    frames = room.get_attribute("data-frames")
    assert pixels() != before
    page.get_by_role("button", name="Whole map").click()
    expect(room).not_to_have_attribute("data-frames", frames)
    assert pixels() == before


def test_in_chinese_and_without_serious_violations(map_page):
    assert map_page.serious_violations() == []
    map_page.page.locator("#language").click()
    expect(map_page.page.locator("#count")).to_have_text("60 张图片")
    expect(map_page.page.get_by_role("button", name="套索")).to_be_visible()
