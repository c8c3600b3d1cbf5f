"""The pages of a server below a path of others, as a proxy serves it."""
import pytest
from playwright.sync_api import expect

from conftest import Server
from visit import Visit


@pytest.fixture
def below(store, open_context):
    server = Server("--store", str(store), "--base-path", "/diptych")
    assert server.address.endswith("/diptych")
    visit = Visit(server.address.removesuffix("/diptych"), open_context())
    yield visit
    visit.check()
    server.stop()


def test_pages_work_below_a_path(below):
    page = below.page
    paths = []
    page.on("request", lambda request: request.url.startswith("http") and paths.append(request.url.removeprefix(below.address)))
    below.open("/diptych?q=two%20stars")
    assert page.url == below.address + "/diptych/?q=two%20stars"
    below.search("a red circle")
    assert "/diptych/?q=a+red+circle" in page.url
    below.open_first()
    expect(page.locator("#detail img").first).to_be_visible()
    assert page.locator("#detail img").first.evaluate("image => image.decode().then(() => image.naturalWidth > 0)")
    # A shared address opens the same, and the links lead to the other page and back.
    page.reload()
    expect(page.locator("#detail")).to_be_visible()
    page.goto(below.address + "/diptych/")
    below.settle()
    page.get_by_role("link", name="Status").click()
    page.wait_for_url("**/diptych/status")
    expect(page.locator("#latencies")).to_contain_text("/v1/search")
    page.locator("a.brand").click()
    page.wait_for_url(below.address + "/diptych/")
    below.settle()
    assert paths and all(path.startswith("/diptych") for path in paths), paths
