"""The status page: what it shows, and how it hears of it."""
import re
import time

import pytest
from playwright.sync_api import expect

from conftest import Server
from visit import Visit


@pytest.fixture
def status(visit):
    visit.open("/status", settled=False)
    expect(visit.page.locator(".chart")).to_have_count(8)
    expect(visit.page.locator("#models tr").first).to_be_visible()
    return visit


def test_figures_and_tables(status):
    page = status.page
    expect(page.locator("#overview")).to_contain_text("60")
    expect(page.locator("#latencies")).to_contain_text("/v1/")
    expect(page.locator("#models")).to_contain_text("ready")


def test_charts_move_and_say_their_value(status):
    page = status.page
    memory = page.get_by_role("img", name="Memory over the last two minutes")
    expect(memory).to_have_attribute("aria-label", re.compile(r"now [\d.]+ [kMG]B$"))
    line = memory.locator("path").first
    expect(line).to_have_attribute("d", re.compile(r"^M[\d.]+ [\d.]+(L[\d.]+ [\d.]+)+"))


def asked(page):
    """The requests for the server's state from now on, by what was asked for."""
    found = {"stream": [], "status": []}

    def note(request):
        if request.url.endswith("/v1/status/events"):
            found["stream"].append(request)
        elif request.url.endswith("/v1/status"):
            found["status"].append(request)

    page.on("request", note)
    return found


def listeners(visit):
    return visit.page.request.get(f"{visit.address}/v1/status").json()["events"]["listeners"]


def until(check, seconds=5):
    end = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < end
        time.sleep(0.05)


def hide(page, hidden):
    page.evaluate("""(hidden) => {
      if (hidden) Object.defineProperty(document, "hidden", { value: true, configurable: true });
      else delete document.hidden;
      document.dispatchEvent(new Event("visibilitychange"));
    }""", hidden)


def test_it_follows_a_stream_and_does_not_ask(visit):
    found = asked(visit.page)
    visit.open("/status", settled=False)
    requests = visit.page.locator("#overview div", has_text="Requests").locator("dd")
    expect(requests).to_have_text(re.compile(r"^[\d,]+$"))
    before = requests.inner_text()
    visit.page.wait_for_timeout(1500)
    visit.page.request.get(f"{visit.address}/health")
    expect(requests).not_to_have_text(before, timeout=3000)
    assert len(found["stream"]) == 1 and found["status"] == []
    assert listeners(visit) >= 1


def test_time_goes_on_where_nothing_changes(status):
    running = status.page.locator("#overview div", has_text="Running for").locator("dd")
    before = running.inner_text()
    expect(running).not_to_have_text(before, timeout=4000)
    # The charts go on too: more and more points on the line.
    line = status.page.get_by_role("img", name="Memory over the last two minutes").locator("path").first
    points = line.get_attribute("d").count("L")
    status.page.wait_for_timeout(4500)
    assert line.get_attribute("d").count("L") >= points + 2


def test_nothing_is_followed_while_hidden(status):
    page = status.page
    until(lambda: listeners(status) == 1)
    found = asked(page)
    hide(page, True)
    until(lambda: listeners(status) == 0)
    page.wait_for_timeout(2500)
    assert found == {"stream": [], "status": []}
    hide(page, False)
    until(lambda: listeners(status) == 1)
    page.wait_for_timeout(1500)
    assert len(found["stream"]) == 1 and found["status"] == []


def test_it_asks_where_there_is_no_stream_and_tries_again(visit):
    visit.allows_failed_requests = True
    full = {"status": 503, "headers": {"Content-Type": "application/problem+json", "Retry-After": "10"},
            "json": {"title": "Service Unavailable", "status": 503, "detail": "all 64 event streams are in use"}}
    answers = [full]
    visit.page.route("**/v1/status/events", lambda route: route.fulfill(**answers.pop()) if answers else route.fallback())
    found = asked(visit.page)
    visit.open("/status", settled=False)
    expect(visit.page.locator("#models tr").first).to_be_visible()
    expect(visit.page.locator("#notice")).to_be_hidden()
    visit.page.wait_for_timeout(2500)
    assert 2 <= len(found["status"]) <= 4
    # After some seconds there is a stream, and no more is asked.
    until(lambda: (visit.page.wait_for_timeout(100), len(found["stream"]) == 2)[1], 8)
    visit.page.wait_for_timeout(1500)
    count = len(found["status"])
    visit.page.wait_for_timeout(2000)
    assert len(found["status"]) == count


def test_a_stream_that_ends_or_breaks_is_begun_again(store, open_context):
    server = Server("--store", str(store))
    visit = Visit(server.address, open_context())
    visit.allows_failed_requests = True
    visit.open("/status", settled=False)
    expect(visit.page.locator("#models tr").first).to_be_visible()
    port = server.address.rsplit(":", 1)[1]
    server.stop()
    expect(visit.page.locator("#notice")).to_contain_text("does not answer", timeout=5000)
    server = Server("--store", str(store), port=port)
    try:
        expect(visit.page.locator("#notice")).to_be_hidden(timeout=10_000)
        until(lambda: (visit.page.wait_for_timeout(100), listeners(visit) == 1)[1], 15)
    finally:
        visit.page.close()
        server.stop()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious(status, theme):
    status.page.emulate_media(color_scheme=theme)
    assert status.serious_violations() == []


def test_a_server_that_is_gone_is_said_and_found_again(status):
    status.allows_failed_requests = True
    status.context.set_offline(True)
    expect(status.page.locator("#notice")).to_contain_text("offline", timeout=5000)
    status.context.set_offline(False)
    expect(status.page.locator("#notice")).to_be_hidden(timeout=5000)


def test_chinese(status):
    status.page.get_by_role("button", name="用中文显示此页面").click()
    expect(status.page.locator("#charts")).to_contain_text("每秒请求数")
    expect(status.page.locator("#models")).to_contain_text("就绪")
