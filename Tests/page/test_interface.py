"""Themes, languages, widths, and what axe says of each main state."""
import pytest
from playwright.sync_api import expect

from visit import Visit


def show_browse(visit):
    pass


def show_search(visit):
    visit.search("a yellow star")


def show_filters(visit):
    visit.page.get_by_role("button", name="Filters").click()
    visit.page.fill("#minus", "snow")
    visit.page.press("#minus", "Enter")


def show_detail(visit):
    visit.search("a yellow star")
    visit.open_first()


def show_crop(visit):
    show_detail(visit)
    visit.page.locator("#detail").get_by_role("button", name="Crop and search").click()
    expect(visit.page.locator("#crop-search")).to_be_enabled()


def show_adding(visit):
    visit.page.get_by_role("button", name="Add pictures").click()
    visit.page.set_input_files("#upload-file", {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": b"x"})


def show_picture_query(visit):
    visit.page.locator("#grid .open").first.focus()
    with visit.page.expect_response("**/v1/search"):
        visit.page.keyboard.press("m")
    visit.settle()


STATES = [show_browse, show_search, show_filters, show_detail, show_crop, show_adding, show_picture_query]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("show", STATES, ids=lambda show: show.__name__.removeprefix("show_"))
def test_axe_finds_nothing_serious(server, open_context, scheme, show):
    visit = Visit(server.address, open_context(color_scheme=scheme))
    visit.open("/")
    show(visit)
    assert visit.serious_violations() == []
    visit.check()


def ground(page):
    return page.evaluate("getComputedStyle(document.documentElement).backgroundColor")


def test_the_theme_is_switched_and_remembered(home):
    light = ground(home.page)
    button = home.page.locator("#theme")
    expect(button).to_have_attribute("aria-label", "Theme: as the system")
    button.click()
    expect(button).to_have_attribute("aria-label", "Theme: light")
    assert ground(home.page) == light
    button.click()
    expect(button).to_have_attribute("aria-label", "Theme: dark")
    dark = ground(home.page)
    assert dark != light
    home.open("/")
    assert ground(home.page) == dark
    home.open("/status", settled=False)
    assert ground(home.page) == dark
    button.click()
    assert ground(home.page) == light


def test_the_system_decides_at_first(server, open_context):
    grounds = set()
    for scheme in ("light", "dark"):
        visit = Visit(server.address, open_context(color_scheme=scheme))
        visit.open("/")
        grounds.add(ground(visit.page))
    assert len(grounds) == 2


def test_the_language_is_switched_and_remembered(home):
    page = home.page
    assert page.evaluate("document.documentElement.lang") == "en"
    page.get_by_role("button", name="用中文显示此页面").click()
    # The texts of the other language are fetched first.
    expect(page.locator("html")).to_have_attribute("lang", "zh-Hans")
    expect(page.get_by_role("button", name="筛选")).to_be_visible()
    expect(page.locator("#summary")).to_have_text("60 张图片")
    home.search("黄色的星星")
    expect(home.tiles.first).to_contain_text("匹配")
    home.open_first()
    expect(page.locator("#detail")).to_contain_text("相似图片")
    home.open("/")
    expect(page.locator("html")).to_have_attribute("lang", "zh-Hans")
    page.get_by_role("button", name="Show this page in English").click()
    expect(page.get_by_role("button", name="Filters")).to_be_visible()


def test_the_browsers_language_decides_at_first(server, open_context):
    visit = Visit(server.address, open_context(locale="zh-CN"))
    visit.open("/")
    expect(visit.page.locator("html")).to_have_attribute("lang", "zh-Hans")
    expect(visit.page.locator("#summary")).to_have_text("60 张图片")
    assert visit.page.title() == "Diptych – 搜索图片"
    assert visit.serious_violations() == []


@pytest.mark.parametrize("width", [360, 768, 1024, 2560])
def test_nothing_is_wider_than_the_screen(server, open_context, width, size):
    if size == "phone":
        pytest.skip("the width is the test's own")
    visit = Visit(server.address, open_context(viewport={"width": width, "height": 800}))
    for path in ("/", "/?q=star&minus=snow&filter=width+%3E%3D+1", "/status"):
        visit.open(path, settled=path != "/status")
        assert visit.page.evaluate("document.documentElement.scrollWidth") <= width


def test_targets_are_large_enough_on_a_narrow_screen(home, size):
    if size != "phone":
        pytest.skip("for narrow screens")
    show_detail(home)
    small = home.page.evaluate("""() => [...document.querySelectorAll("button, a.icon-button, select, input:not([type=checkbox])")]
      .map((target) => [target.id || target.className, target.getBoundingClientRect()])
      .filter(([, box]) => box.width > 1 && box.height > 0 && (box.height < 43.5 || box.width < 43.5))
      .map(([name, box]) => `${name} ${box.width} × ${box.height}`)""")
    assert small == []


def test_focus_is_visible(home):
    home.page.locator("#text").focus()
    for _ in range(12):
        home.page.keyboard.press("Tab")
        outline = home.page.evaluate("""() => {
          const focused = document.activeElement;
          return focused === document.body ? "3px" : getComputedStyle(focused).outlineWidth;
        }""")
        assert outline == "3px"


def test_reduced_motion_is_respected(server, open_context):
    visit = Visit(server.address, open_context(reduced_motion="reduce"))
    visit.open("/")
    moving = visit.page.evaluate("""() => [...document.querySelectorAll("*")]
      .filter((each) => parseFloat(getComputedStyle(each).transitionDuration) > 0 && getComputedStyle(each).transitionProperty !== "none").length""")
    assert moving == 0
