"""The status page."""
import re

import pytest
from playwright.sync_api import expect


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


def test_it_asks_once_a_second_and_not_while_hidden(status):
    page = status.page
    asked = []
    page.on("request", lambda request: request.url.endswith("/v1/status") and asked.append(request))
    page.wait_for_timeout(3200)
    assert 2 <= len(asked) <= 4
    page.evaluate("""() => {
      Object.defineProperty(document, "hidden", { value: true, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    }""")
    page.wait_for_timeout(300)
    asked.clear()
    page.wait_for_timeout(2500)
    assert asked == []
    page.evaluate("""() => {
      delete document.hidden;
      document.dispatchEvent(new Event("visibilitychange"));
    }""")
    page.wait_for_timeout(1500)
    assert len(asked) >= 1


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
