"""The grid: loading while scrolling, a layout that stays, and keys."""
from playwright.sync_api import expect


def test_more_is_loaded_while_scrolling(home):
    home.page.mouse.move(200, 500)
    for _ in range(40):
        if home.tiles.count() == 60:
            break
        home.page.mouse.wheel(0, 2000)
        home.page.wait_for_timeout(100)
    assert home.tiles.count() == 60
    assert len(set(home.ids)) == 60


def test_more_results_of_a_search_continue_the_ranking(home):
    home.search("star")
    home.page.keyboard.press("Tab")
    home.page.locator("#grid .open").first.focus()
    home.page.keyboard.press("End")
    expect(home.tiles).to_have_count(60)
    assert len(set(home.ids)) == 60
    similarities = [float(title.split()[-1]) for title in home.page.locator("#grid .scores").evaluate_all(
        "all => all.map((one) => one.title)")]
    assert len(similarities) == 60
    assert similarities == sorted(similarities, reverse=True)
    expect(home.page.locator("#summary")).to_have_text("60 results")


def test_thumbnails_are_lazy_and_nothing_jumps(home):
    images = home.page.locator("#grid img")
    for attributes in images.evaluate_all(
            "all => all.map((one) => [one.loading, one.getAttribute('width'), one.getAttribute('height')])"):
        assert attributes[0] == "lazy" and int(attributes[1]) > 0 and int(attributes[2]) > 0
    home.page.wait_for_load_state("networkidle")
    assert home.page.evaluate("watched.shifts") < 0.02


def test_arrow_keys_move_in_the_grid(home):
    focused = "document.activeElement.dataset.id"
    ids = home.ids
    home.page.locator("#grid .open").first.focus()
    home.page.keyboard.press("ArrowRight")
    assert home.page.evaluate(focused) == ids[1]
    home.page.keyboard.press("ArrowLeft")
    assert home.page.evaluate(focused) == ids[0]
    home.page.keyboard.press("ArrowDown")
    below = home.page.evaluate(focused)
    top = "document.activeElement.getBoundingClientRect().top + scrollY"
    assert below != ids[0]
    first_top = home.page.locator("#grid .open").first.evaluate("(link) => link.getBoundingClientRect().top + scrollY")
    assert home.page.evaluate(top) > first_top
    home.page.keyboard.press("ArrowUp")
    assert home.page.evaluate(focused) == ids[0]


def test_one_tile_only_is_reached_by_tab(home):
    reached = home.page.locator("#grid [tabindex='0']")
    expect(reached).to_have_count(1)
    home.page.locator("#grid .open").first.focus()
    home.page.keyboard.press("ArrowRight")
    expect(reached).to_have_count(1)
    expect(reached).to_be_focused()


def test_the_slash_key_goes_to_the_search_field(home):
    home.page.locator("#grid .open").first.focus()
    home.page.keyboard.press("/")
    expect(home.page.locator("#text")).to_be_focused()
    home.page.keyboard.type("a/b")
    expect(home.page.locator("#text")).to_have_value("a/b")


def test_a_picture_that_cannot_be_read_has_a_placeholder(visit):
    visit.allows_failed_requests = True
    visit.page.route("**/thumbnail?*", lambda route: route.fulfill(status=404))
    visit.open("/", settled=False)
    expect(visit.page.locator("#grid .frame.missing").first).to_contain_text("scene-")
