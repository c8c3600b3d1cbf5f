"""What the page says when the server refuses, is busy, cannot be reached or has no store. The answers are put in the way."""
import pytest
from playwright.sync_api import expect


def problem(status, title, detail="", **headers):
    return {"status": status, "headers": {"Content-Type": "application/problem+json", **headers},
            "json": {"title": title, "status": status, "detail": detail}}


@pytest.fixture
def failing(visit):
    visit.allows_failed_requests = True
    return visit


def answer(visit, pattern, *answers):
    """Gives these answers to the first requests, and then the server's."""
    rest = list(answers)
    visit.page.route(pattern, lambda route: route.fulfill(**rest.pop(0)) if rest else route.fallback())


def test_a_key_is_asked_for_and_the_request_is_repeated(failing):
    page = failing.page
    answer(failing, "**/v1/items?*", problem(401, "A key is needed"))
    sent = []

    def sign_in(route):
        if route.request.method != "POST":
            return route.fallback()
        sent.append(route.request.post_data_json)
        if sent[-1] == {"key": "right"}:
            route.fulfill(json={"key_required": True, "scopes": ["read"], "name": "reader", "store": None, "model": "", "version": ""})
        else:
            route.fulfill(**problem(401, "Wrong key"))

    page.route("**/v1/session", sign_in)
    failing.open("/", settled=False)
    dialog = page.get_by_role("dialog", name="This server asks for a key")
    expect(dialog).to_be_visible()
    expect(page.get_by_label("Key", exact=True)).to_be_focused()
    assert failing.serious_violations() == []
    page.get_by_label("Key", exact=True).fill("wrong")
    page.keyboard.press("Enter")
    expect(dialog).to_contain_text("does not accept this key")
    page.get_by_label("Key", exact=True).fill("right")
    page.keyboard.press("Enter")
    failing.settle()
    expect(dialog).to_be_hidden()
    assert sent == [{"key": "wrong"}, {"key": "right"}]


def test_without_a_key_the_page_says_so_and_can_be_asked_again(failing):
    answer(failing, "**/v1/items?*", problem(401, "A key is needed"))
    failing.open("/", settled=False)
    failing.page.get_by_role("button", name="Cancel").click()
    expect(failing.page.locator("#notice")).to_contain_text("asks for a key")
    failing.page.get_by_role("button", name="Try again").click()
    failing.settle()


def test_a_busy_server_is_asked_once_more_when_it_says(failing):
    answer(failing, "**/v1/items?*", problem(503, "Busy", **{"Retry-After": "2"}))
    failing.open("/", settled=False)
    expect(failing.page.locator("#notice")).to_contain_text("busy. Next try in 2 seconds")
    assert failing.tiles.count() == 0
    failing.settle()
    expect(failing.page.locator("#notice")).to_be_hidden()


def test_a_server_that_stays_busy_is_not_asked_a_third_time(failing):
    busy = problem(503, "Busy", **{"Retry-After": "1"})
    answer(failing, "**/v1/items?*", busy, busy)
    failing.open("/", settled=False)
    expect(failing.page.get_by_role("button", name="Try again")).to_be_visible()
    expect(failing.page.locator("#notice")).to_contain_text("The server is busy.")
    failing.page.get_by_role("button", name="Try again").click()
    failing.settle()


def test_too_many_requests(failing):
    answer(failing, "**/v1/items?*", problem(429, "Too many", **{"Retry-After": "30"}))
    failing.open("/", settled=False)
    expect(failing.page.locator("#notice")).to_contain_text("Too many requests. Try again in 30 seconds.")
    assert failing.serious_violations() == []


def test_offline_and_back(failing):
    failing.open("/")
    failing.context.set_offline(True)
    failing.page.fill("#text", "star")
    expect(failing.page.locator("#notice")).to_contain_text("offline")
    with failing.page.expect_response("**/v1/search"):
        failing.context.set_offline(False)
    failing.settle()
    expect(failing.page.locator("#notice")).to_be_hidden()


def test_other_errors_show_the_servers_words_as_text(failing):
    answer(failing, "**/v1/items?*", problem(500, "Broken", "<img src=x onerror=alert(1)> is broken"))
    failing.open("/", settled=False)
    expect(failing.page.locator("#notice p")).to_have_text("<img src=x onerror=alert(1)> is broken")


def test_without_a_store_the_page_says_how_to_make_one(failing):
    failing.page.route("**/v1/session", lambda route: route.fulfill(json={**route.fetch().json(), "store": None}))
    failing.open("/", settled=False)
    expect(failing.page.locator("#empty")).to_contain_text("diptych index PICTURES --store DIR")
    expect(failing.page.locator("#empty")).to_contain_text("diptych serve --store DIR")
    expect(failing.page.locator("#text")).to_be_hidden()
    assert failing.serious_violations() == []
