"""The shell: the pages and the way from one to another, by pointer and by keyboard, at every width and in both languages."""
import pytest
from playwright.sync_api import expect

from conftest import SIZES
from visit import Visit

PAGES = {
    "/": ("Search", "搜索"), "/label": ("Label", "标注"), "/map": ("Map", "地图"), "/tiles": ("Tiles", "图块"), "/status": ("Status", "状态"),
}


def go(visit, path):
    visit.open(path, settled=path == "/")
    expect(visit.page.locator("html:not([data-starting])")).to_have_count(1)


@pytest.mark.parametrize("path", PAGES)
def test_the_pages_are_there_and_the_present_one_is_marked(visit, path):
    go(visit, path)
    links = visit.page.get_by_role("navigation", name="Pages").get_by_role("link")
    expect(links).to_have_text([english for english, _ in PAGES.values()])
    current = visit.page.locator("nav [aria-current=page]")
    expect(current).to_have_text(PAGES[path][0])
    # Not by its colour alone.
    assert int(current.evaluate("link => getComputedStyle(link).fontWeight")) >= 600
    assert current.evaluate("link => getComputedStyle(link, '::after').height") == "3px"
    expect(current).to_be_in_viewport(ratio=0.95)
    # On a phone the others are scrolled to.
    for link in links.all():
        link.scroll_into_view_if_needed()
        expect(link).to_be_in_viewport(ratio=0.95)


def test_from_page_to_page(visit):
    go(visit, "/")
    visit.page.get_by_role("link", name="Status").click()
    visit.page.wait_for_url("**/status")
    expect(visit.page.get_by_role("heading", level=1)).to_have_text("Status")
    assert visit.page.title() == "Diptych – status"
    visit.page.get_by_role("link", name="Search").click()
    visit.page.wait_for_url(visit.address + "/")
    visit.settle()
    assert visit.page.title() == "Diptych – search pictures"
    visit.page.go_back()
    expect(visit.page.locator("#models tr").first).to_be_visible()


def test_by_keyboard(server, open_context, size):
    if size == "phone":
        pytest.skip("a phone has no keyboard")
    visit = Visit(server.address, open_context())
    go(visit, "/")
    seen = []
    for _ in range(3 + len(PAGES)):
        visit.page.keyboard.press("Tab")
        focused = visit.page.evaluate("() => [document.activeElement.textContent.trim(), getComputedStyle(document.activeElement).outlineWidth]")
        seen.append(focused[0])
        assert focused[1] == "3px"
        if focused[0] == "Status":
            break
    assert seen[0] == "Skip to the results" and [name for name in seen if name][-len(PAGES):] == [english for english, _ in PAGES.values()]
    visit.page.keyboard.press("Enter")
    visit.page.wait_for_url("**/status")
    # The first stop passes by all of it.
    expect(visit.page.locator("#models tr").first).to_be_visible()
    visit.page.keyboard.press("Tab")
    expect(visit.page.get_by_role("link", name="Skip to the content")).to_be_focused()
    visit.page.keyboard.press("Enter")
    expect(visit.page.locator("main")).to_be_focused()


@pytest.mark.parametrize("path", PAGES)
def test_in_both_languages(server, open_context, path):
    visit = Visit(server.address, open_context(locale="zh-CN"))
    go(visit, path)
    links = visit.page.locator("#pages a")
    expect(links).to_have_text([chinese for _, chinese in PAGES.values()])
    expect(visit.page.get_by_role("navigation", name="页面")).to_have_count(1)
    visit.page.get_by_role("button", name="Show this page in English").click()
    expect(links).to_have_text([english for english, _ in PAGES.values()])
    # The other page is in the same language.
    visit.page.get_by_role("link", name="Status" if path == "/" else "Search").click()
    expect(links).to_have_text([english for english, _ in PAGES.values()])
    visit.check()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_nothing_serious(server, open_context, scheme, path):
    visit = Visit(server.address, open_context(color_scheme=scheme))
    go(visit, path)
    assert visit.serious_violations() == []


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_many_pages_fit(server, open_context, width, size):
    """As if there were all of them already: the bar is no wider than the screen, and the present page is in view."""
    if size == "phone":
        pytest.skip("the width is the test's own")
    visit = Visit(server.address, open_context(viewport={"width": width, "height": 800}, locale="en-GB"))

    present = [english for english, _ in PAGES.values()]
    names = [name for name in ["Label", "Map", "Tiles", "Video", "Chat", "Training"] if name not in present]

    def add(route):
        more = "".join(f'<a href="./{name.lower()}">{name}</a>' for name in names)
        answer = route.fetch()
        route.fulfill(response=answer, body=answer.text().replace('<a href="./status"', more + '<a href="./status"'))

    for path in PAGES:
        visit.page.route(visit.address + path, add)
        go(visit, path)
        expect(visit.page.locator("#pages a")).to_have_count(8)
        assert visit.page.evaluate("document.documentElement.scrollWidth") <= width
        expect(visit.page.locator("nav [aria-current=page]")).to_be_in_viewport(ratio=0.95)
        for place in ["#theme", "#language", *(["#text"] if path == "/" else [])]:
            expect(visit.page.locator(place)).to_be_in_viewport(ratio=0.95)
        if path == "/":
            assert visit.page.locator("#text").bounding_box()["width"] >= 200
    visit.check()


def test_pages_that_a_key_is_not_for_are_not_shown(visit):
    """A page for those who may write is shown to them, and to those who have given no key yet."""
    given = []
    visit.page.route("**/v1/session", lambda route: route.fulfill(json={**route.fetch().json(), "scopes": given[-1]}))
    for scopes, is_shown in [(["read", "write"], True), (["read"], False), ([], True)]:
        given.append(scopes)
        visit.open("/")
        label = visit.page.locator("#pages a", has_text="Label")
        expect(label).to_be_visible() if is_shown else expect(label).to_be_hidden()


def test_targets_are_large_enough(server, open_context, size):
    if size != "phone":
        pytest.skip("for narrow screens")
    visit = Visit(server.address, open_context())
    go(visit, "/status")
    small = visit.page.evaluate("""() => [...document.querySelectorAll(".bar a, .bar button:not([hidden])")]
      .map((target) => [target.textContent, target.getBoundingClientRect()])
      .filter(([, box]) => box.width > 0 && (box.height < 43.5 || box.width < 43.5)).map(([name, box]) => `${name} ${box.width} × ${box.height}`)""")
    assert small == []
    assert visit.page.locator(".bar").bounding_box()["width"] == SIZES["phone"][0]
