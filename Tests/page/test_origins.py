"""What pages of other sites get from a server that asks for no key, in a real browser."""
import http.server
import json
import threading
import urllib.request

import pytest

ADD_FORM = """async base => {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 8;
  const form = new FormData();
  form.append("file", await new Promise(done => canvas.toBlob(done)), "x.png");
  form.append("caption", "added by a stranger");
  try { const answer = await fetch(base + "/v1/items", {method: "POST", mode: "no-cors", body: form}); return answer.type }
  catch (error) { return String(error) }
}"""
ADD_JSON = """async base => {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 9;
  const body = new Blob([JSON.stringify({url: canvas.toDataURL(), caption: "added by a stranger"})]);
  try { const answer = await fetch(base + "/v1/items", {method: "POST", mode: "no-cors", body}); return answer.type }
  catch (error) { return String(error) }
}"""
LOOK = """async base => {
  const found = [];
  for (let id = 1; id <= 3; id++)
    await new Promise(done => {
      const image = new Image();
      image.onload = () => { found.push(id); done() };
      image.onerror = done;
      image.src = base + `/v1/items/${id}/original`;
    });
  return found;
}"""
READ = "async base => { try { return (await fetch(base + '/v1/items')).status } catch (error) { return 'refused' } }"
REMOVE = "async base => { try { return (await fetch(base + '/v1/items/1', {method: 'DELETE'})).status } catch (error) { return 'refused' } }"


@pytest.fixture(scope="module")
def elsewhere():
    """A web server with a page of somebody else's: its port."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>cats</title>")

        def log_message(self, *_):
            pass

    web = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=web.serve_forever, daemon=True).start()
    yield web.server_port
    web.shutdown()


@pytest.fixture(scope="module")
def strange_browser(browser):
    """A browser to which names of strangers lead here, as their name servers would have it."""
    strange = browser.browser_type.launch(
        executable_path="/usr/bin/chromium", args=["--no-sandbox", "--host-resolver-rules=MAP *.test 127.0.0.1"])
    yield strange
    strange.close()


def count(server):
    return json.load(urllib.request.urlopen(f"{server.address}/v1/status"))["store"]["count"]


@pytest.mark.parametrize("origin", ["http://evil.test:{}", "http://127.0.0.1:{}", "http://localhost:{}"])
def test_pages_of_others_change_and_see_nothing(server, strange_browser, elsewhere, origin):
    before = count(server)
    page = strange_browser.new_page()
    page.goto(origin.format(elsewhere))
    for script in (ADD_FORM, ADD_JSON, REMOVE):
        page.evaluate(script, server.address)
    assert page.evaluate(LOOK, server.address) == []
    assert page.evaluate(READ, server.address) == "refused"
    page.close()
    assert count(server) == before


def test_names_that_lead_here_suddenly(server, strange_browser):
    before = count(server)
    page = strange_browser.new_page()
    base = f"http://rebound.test:{server.address.rsplit(':', 1)[1]}"
    assert page.goto(base).status == 421
    assert page.evaluate(READ, base) == 421
    assert page.evaluate(REMOVE, base) == 421
    page.close()
    assert count(server) == before


def test_its_own_pages_see_pictures(server, strange_browser):
    page = strange_browser.new_page()
    page.goto(server.address)
    assert page.evaluate(LOOK, server.address) == [1, 2, 3]
    assert page.evaluate(READ, server.address) == 200
    page.close()
