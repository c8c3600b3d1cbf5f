"""Adding pictures, deleting them, and taking that back."""
import random

import pytest
from playwright.sync_api import expect


@pytest.fixture
def adding(home):
    """The dialog for adding; what a test adds is deleted afterwards."""
    added = []
    home.page.on("response", lambda response: response.status == 201 and added.append(response.json()["id"]))
    home.page.get_by_role("button", name="Add pictures").click()
    expect(home.page.locator("#upload")).to_be_visible()
    yield home
    for identifier in added:
        home.page.request.delete(f"{home.address}/v1/items/{identifier}")


def changed(picture):
    """The picture with other bytes, so that the store does not know it: what follows a JPEG's end is not read."""
    return picture.read_bytes() + random.randbytes(16)


def test_pictures_are_added_with_captions_and_errors_are_said(adding, pictures):
    adding.allows_failed_requests = True
    page = adding.page
    files = [{"name": f"new-{number}.jpg", "mimeType": "image/jpeg", "buffer": changed(pictures / f"scene-00000{number}.jpg")}
             for number in range(4)]
    page.set_input_files("#upload-file", [*files, {"name": "broken.jpg", "mimeType": "image/jpeg", "buffer": b"no picture"}])
    page.get_by_label("Caption of new-0.jpg").fill("a caption from the page")
    page.get_by_role("button", name="Add 5 pictures").click()
    expect(page.locator(".upload-row[data-state=done]")).to_have_count(4)
    failed = page.locator(".upload-row[data-state=failed]")
    expect(failed).to_have_count(1)
    expect(failed).to_contain_text("broken.jpg")
    assert failed.locator(".upload-words").inner_text() != ""
    expect(failed.get_by_role("button", name="Try again")).to_be_visible()
    expect(page.locator("#upload-spoken")).to_have_text("4 of 5 added, 1 failed")
    page.locator("#upload").get_by_role("button", name="Close").click()
    expect(page.locator("#toasts")).to_contain_text("4 pictures added")
    expect(page.locator("#summary")).to_have_text("64 pictures")
    page.goto(adding.address + "/?filter=caption+matches+'caption+page'")
    expect(adding.tiles).to_have_count(1)


def test_three_at_most_are_sent_at_once(adding):
    page = adding.page
    # In the page itself: what the browser tells about requests comes late.
    page.evaluate("""() => {
      let underWay = 0;
      watched.most = 0;
      const send = XMLHttpRequest.prototype.send;
      XMLHttpRequest.prototype.send = function (body) {
        underWay += 1;
        watched.most = Math.max(watched.most, underWay);
        this.addEventListener("readystatechange", () => { if (this.readyState === 4) underWay -= 1; });
        send.call(this, body);
      };
    }""")
    page.route("**/v1/items", lambda route: route.fulfill(status=200, json={"id": "none"}))
    page.set_input_files("#upload-file", [
        {"name": f"{number}.jpg", "mimeType": "image/jpeg", "buffer": b"x"} for number in range(8)])
    page.get_by_role("button", name="Add 8 pictures").click()
    expect(page.locator(".upload-row[data-state=done]")).to_have_count(8)
    assert page.evaluate("watched.most") == 3


def test_progress_is_shown_for_each_file(adding):
    page = adding.page
    shown = []
    page.expose_function("note", lambda share: shown.append(share))
    page.evaluate("""() => new MutationObserver(() => {
      for (const row of document.querySelectorAll(".upload-row[data-state=sending] progress")) note(row.value);
    }).observe(document.getElementById("upload-list"), { subtree: true, attributes: true, childList: true })""")
    adding.allows_failed_requests = True
    page.set_input_files("#upload-file", {"name": "large.jpg", "mimeType": "image/jpeg", "buffer": b"x" * 3_000_000})
    page.get_by_role("button", name="Add 1 picture").click()
    expect(page.locator(".upload-row[data-state=failed]")).to_have_count(1)
    assert 0 in shown and max(shown) > 0


def test_files_are_dropped_on_the_dialog_and_left_out_again(adding, pictures):
    page = adding.page
    adding.drop("#upload-area", [pictures / "scene-000001.jpg", pictures / "scene-000002.jpg"])
    expect(page.locator(".upload-row")).to_have_count(2)
    page.get_by_role("button", name="Leave out: scene-000001.jpg").click()
    expect(page.get_by_role("button", name="Add 1 picture")).to_be_enabled()


def test_files_are_dropped_on_the_place_for_adding(home, pictures):
    home.drop("#drop-add", [pictures / "scene-000001.jpg"])
    expect(home.page.locator("#upload .upload-row")).to_have_count(1)


def test_deleting_can_be_undone(home):
    before = home.ids
    home.page.locator("#grid .open").nth(2).click()
    home.page.get_by_role("button", name="Delete").click()
    expect(home.page.locator("#detail")).to_be_hidden()
    expect(home.page.locator(f"#grid [data-id='{before[2]}']")).to_have_count(0)
    expect(home.page.locator("#grid .open").nth(2)).to_be_focused()
    assert home.page.request.get(f"{home.address}/v1/items/{before[2]}").status == 404
    home.page.get_by_role("button", name="Undo").click()
    expect(home.page.locator("#grid .open").nth(2)).to_have_attribute("data-id", before[2])
    assert home.page.request.get(f"{home.address}/v1/items/{before[2]}").status == 200


def test_the_offer_to_undo_ends_after_eight_seconds(home):
    home.page.clock.install()
    home.open("/")
    home.page.route("**/v1/items/*", lambda route: route.fulfill(json={"id": "1", "restorable_until": 0}))
    home.page.locator("#grid .open").first.click()
    home.page.get_by_role("button", name="Delete").click()
    undo = home.page.get_by_role("button", name="Undo")
    expect(undo).to_be_visible()
    home.page.clock.run_for(7500)
    expect(undo).to_be_visible()
    home.page.clock.run_for(1000)
    expect(undo).to_be_hidden()


def test_without_the_right_to_write_nothing_is_offered(visit):
    def read_only(route):
        route.fulfill(json={**route.fetch().json(), "scopes": ["read"]})

    visit.page.route("**/v1/session", read_only)
    visit.open("/")
    expect(visit.page.get_by_role("button", name="Add pictures")).to_be_hidden()
    visit.open_first()
    expect(visit.page.get_by_role("button", name="Delete")).to_be_hidden()
