"""The detail view."""
from playwright.sync_api import expect


def test_enter_opens_and_escape_closes_and_the_focus_returns(home):
    home.page.locator("#grid .open").nth(1).focus()
    home.page.keyboard.press("Enter")
    detail = home.page.locator("#detail")
    expect(detail).to_be_visible()
    assert home.fields["item"] == [home.ids[1]]
    # Tab goes round in the dialog; the document itself may be on the way.
    for _ in range(30):
        home.page.keyboard.press("Tab")
        assert home.page.evaluate(
            "document.activeElement === document.body || document.getElementById('detail').contains(document.activeElement)")
    home.page.keyboard.press("Escape")
    expect(detail).to_be_hidden()
    expect(home.page.locator("#grid .open").nth(1)).to_be_focused()
    assert "item" not in home.fields


def test_attributes_original_and_similar_items(home):
    home.open_first()
    facts = home.page.locator("#detail-facts")
    expect(facts).to_contain_text("Pixels")
    expect(facts).to_contain_text("JPEG")
    expect(facts).to_contain_text("scene-")
    expect(home.page.locator("#detail-neighbours a")).to_have_count(8)
    original = home.page.get_by_role("link", name="Original").get_attribute("href")
    reply = home.page.request.get(home.address + original)
    assert reply.status == 200 and reply.headers["content-type"] == "image/jpeg"


def test_arrow_keys_go_to_the_neighbours(home):
    home.open_first()
    expect(home.page.locator("#detail-position")).to_contain_text("1 of ")
    expect(home.page.get_by_role("button", name="Previous")).to_be_disabled()
    home.page.keyboard.press("ArrowRight")
    expect(home.page.locator("#detail-position")).to_contain_text("2 of ")
    assert home.fields["item"] == [home.ids[1]]
    home.page.keyboard.press("ArrowLeft")
    expect(home.page.locator("#detail-position")).to_contain_text("1 of ")
    home.page.get_by_role("button", name="Next").click()
    expect(home.page.locator("#detail-position")).to_contain_text("2 of ")
    home.page.keyboard.press("Escape")
    expect(home.page.locator("#grid .open").nth(1)).to_be_focused()


def test_going_past_the_last_loads_more(home):
    loaded = home.tiles.count()
    home.open(f"/?item={home.ids[-1]}")
    expect(home.page.locator("#detail-position")).to_contain_text(" of ")
    assert loaded < 60
    for place in range(loaded + 1, 61):
        expect(home.page.get_by_role("button", name="Next")).to_be_enabled()
        home.page.keyboard.press("ArrowRight")
        expect(home.page.locator("#detail-position")).to_contain_text(f"{place} of ")
    expect(home.page.get_by_role("button", name="Next")).to_be_disabled()


def test_similar_items_open_and_the_back_button_goes_back(home):
    home.open_first()
    title = home.page.locator("#detail-title").inner_text()
    home.page.locator("#detail-neighbours a").first.click()
    expect(home.page.locator("#detail-title")).not_to_have_text(title)
    home.page.go_back()
    expect(home.page.locator("#detail-title")).to_have_text(title)
    home.page.go_back()
    expect(home.page.locator("#detail")).to_be_hidden()


def test_more_like_this_closes_and_searches(home):
    identifier = home.ids[0]
    home.open_first()
    with home.page.expect_response("**/v1/search"):
        home.page.locator("#detail").get_by_role("button", name="More like this").click()
    expect(home.page.locator("#detail")).to_be_hidden()
    assert home.fields == {"like": [identifier]}


def test_an_item_that_is_gone_is_said(visit):
    visit.allows_failed_requests = True
    visit.open("/?item=987654321")
    expect(visit.page.locator("#notice")).to_be_visible()
    expect(visit.page.locator("#detail")).to_be_hidden()
    assert "item" not in visit.fields
