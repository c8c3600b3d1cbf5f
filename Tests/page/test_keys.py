"""A server that lets in only who has a key."""
import re
import shutil
import subprocess

import pytest
from playwright.sync_api import expect

from conftest import DIPTYCH, Server
from visit import Visit


@pytest.fixture(scope="module")
def keys():
    """Keys by what they are for, and the lines that the server reads."""
    made, lines = {}, ""
    for name, scopes in (("reader", ["read"]), ("editor", ["read", "write"])):
        options = [option for scope in scopes for option in ("--scope", scope)]
        done = subprocess.run([DIPTYCH, "keys", name, *options], check=True, capture_output=True, text=True)
        made[name] = re.search(r"again: (\S+)", done.stderr)[1]
        lines += done.stdout
    return made, lines


@pytest.fixture(scope="module")
def closed_server(store, keys, tmp_path_factory):
    folder = tmp_path_factory.mktemp("closed")
    shutil.copytree(store, folder / "sample.store")
    (folder / "keys.txt").write_text(keys[1])
    server = Server("--store", str(folder / "sample.store"), "--api-key-file", str(folder / "keys.txt"))
    yield server
    server.stop()


@pytest.fixture
def closed(closed_server, open_context):
    visit = Visit(closed_server.address, open_context())
    visit.allows_failed_requests = True
    yield visit
    visit.check()


def give(visit, key):
    visit.page.get_by_label("Key", exact=True).fill(key)
    visit.page.keyboard.press("Enter")


def test_a_key_opens_the_page_and_is_kept_where_scripts_cannot_read_it(closed, keys):
    closed.open("/", settled=False)
    expect(closed.page.get_by_role("dialog")).to_contain_text("This server asks for a key")
    # Nothing is said about a store that may not be seen yet.
    expect(closed.page.locator("#empty")).to_be_hidden()
    give(closed, "not-a-key")
    expect(closed.page.get_by_role("dialog")).to_contain_text("does not accept this key")
    give(closed, keys[0]["reader"])
    closed.settle()
    expect(closed.page.locator("#summary")).to_have_text("60 pictures")
    assert closed.page.evaluate("document.cookie") == ""
    closed.open("/")
    expect(closed.page.get_by_role("dialog")).to_have_count(0)


def test_a_reader_may_not_add_and_may_enter_another_key(closed, keys):
    closed.open("/", settled=False)
    give(closed, keys[0]["reader"])
    closed.settle()
    expect(closed.page.get_by_role("button", name="Add pictures")).to_be_hidden()
    closed.page.get_by_role("button", name="Enter a key").click()
    give(closed, keys[0]["editor"])
    expect(closed.page.get_by_role("button", name="Add pictures")).to_be_visible()
    expect(closed.page.get_by_role("button", name="Enter a key")).to_be_hidden()


def test_a_key_can_be_forgotten(closed, keys):
    closed.open("/", settled=False)
    give(closed, keys[0]["editor"])
    closed.settle()
    closed.page.get_by_role("button", name="Forget the key").click()
    expect(closed.page.get_by_role("dialog")).to_contain_text("This server asks for a key")


def test_the_status_page_asks_too(closed, keys):
    closed.open("/status", settled=False)
    expect(closed.page.get_by_role("dialog")).to_contain_text("This server asks for a key")
    give(closed, keys[0]["reader"])
    expect(closed.page.locator("#models tr").first).to_be_visible()


def test_the_status_page_is_not_insistent(closed, keys):
    closed.open("/status", settled=False)
    closed.page.get_by_role("button", name="Cancel").click()
    expect(closed.page.locator("#notice")).to_contain_text("asks for a key")
    closed.page.wait_for_timeout(2500)
    expect(closed.page.get_by_role("dialog")).to_have_count(0)
    # The foot has a way to give one, and the notice another.
    closed.page.get_by_role("button", name="Try again").click()
    expect(closed.page.get_by_role("dialog")).to_have_count(1)
    closed.page.get_by_role("button", name="Cancel").click()
    closed.page.get_by_role("button", name="Enter a key").click()
    give(closed, keys[0]["reader"])
    expect(closed.page.locator("#models tr").first).to_be_visible()
    expect(closed.page.locator("#notice")).to_be_hidden()
