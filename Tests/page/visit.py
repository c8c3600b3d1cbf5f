"""A page of the server as a reader sees it, with everything noted that must not happen."""
import base64
import mimetypes
import importlib.resources
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import expect

# Runs before the page's own scripts.
WATCH = """
window.watched = { shifts: 0, violations: [], forms: [] };
document.addEventListener("securitypolicyviolation", (event) => watched.violations.push(event.blockedURI + " " + event.violatedDirective));
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) watched.shifts += entry.value;
}).observe({ type: "layout-shift", buffered: true });
// The browser does not tell a test what a form with files holds.
const send = window.fetch;
window.fetch = (path, options) => {
  if (options?.body instanceof FormData) {
    watched.forms.push([...options.body].map(([name, value]) => [name, value instanceof File ? `${value.name} ${value.type}` : value]));
  }
  return send(path, options);
};
"""

# Files as another program would hand them over.
TRANSFER = """
const transfer = new DataTransfer();
for (const { name, type, content } of files) {
  const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
  transfer.items.add(new File([bytes], name, { type }));
}
"""


class Visit:
    def __init__(self, address, context):
        self.address = address
        self.context = context
        self.page = context.new_page()
        self.page.set_default_timeout(10_000)
        self.searches = []
        self.foreign = []
        self.complaints = []
        # Tests of failures allow the browser to note the failed requests themselves.
        self.allows_failed_requests = False
        self.page.add_init_script(WATCH)
        self.page.on("request", self._note_request)
        self.page.on("console", self._note_console)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _note_request(self, request):
        parts = urlsplit(request.url)
        if parts.scheme in ("data", "blob"):
            return
        if f"{parts.scheme}://{parts.netloc}" != self.address:
            self.foreign.append(request.url)
        if parts.path == "/v1/search":
            self.searches.append(request)

    def _note_console(self, message):
        if message.type not in ("error", "warning"):
            return
        if self.allows_failed_requests and "Failed to load resource" in message.text:
            return
        self.complaints.append(message.text)

    def check(self):
        assert self.foreign == []
        assert self.complaints == []
        assert self.page.evaluate("watched.violations") == []

    def open(self, path, settled=True):
        self.page.goto(self.address + path)
        if settled:
            self.settle()

    def settle(self):
        """Waits for the results of the newest search."""
        expect(self.page.locator("#grid:not([aria-busy]) .tile").first).to_be_visible()

    def search(self, text):
        """Types into the search field and waits for the answer."""
        with self.page.expect_response("**/v1/search"):
            self.page.fill("#text", text)
        self.settle()

    @property
    def tiles(self):
        return self.page.locator("#grid .tile")

    @property
    def ids(self):
        return self.page.locator("#grid .open").evaluate_all("links => links.map((link) => link.dataset.id)")

    @property
    def fields(self):
        """The search that the page's address holds."""
        return parse_qs(urlsplit(self.page.url).query)

    def state(self, name):
        """A member of the newest search that was sent as JSON."""
        return self.searches[-1].post_data_json.get(name)

    def newest_form(self):
        """Names and values of the newest search that was sent as a form; of a file its name and type."""
        return [tuple(field) for field in self.page.evaluate("watched.forms.at(-1)")]

    def open_first(self):
        self.page.locator("#grid .open").first.click()
        expect(self.page.locator("#detail")).to_be_visible()
        self.page.locator("#detail-neighbours a").first.wait_for()

    def drop(self, selector, files):
        """Drags files over the page and drops them on an element."""
        self.page.evaluate(
            "({ selector, files }) => {" + TRANSFER + """
              const send = (type, target) =>
                target.dispatchEvent(new DragEvent(type, { dataTransfer: transfer, bubbles: true, cancelable: true }));
              send("dragenter", document.body);
              const target = document.querySelector(selector);
              send("dragover", target);
              send("drop", target);
            }""",
            {"selector": selector, "files": [carried(file) for file in files]})

    def paste(self, file):
        self.page.evaluate(
            "({ files }) => {" + TRANSFER + """
              document.body.dispatchEvent(new ClipboardEvent("paste", { clipboardData: transfer, bubbles: true, cancelable: true }));
            }""",
            {"files": [carried(file)]})

    def serious_violations(self):
        """What axe finds that is serious or critical, as the rule and the elements."""
        axe = importlib.resources.files("axe_playwright_python").joinpath("axe.min.js").read_text()
        self.page.evaluate(axe)
        # A colour that is still changing is none.
        self.page.wait_for_timeout(400)
        found = self.page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
        return [
            (violation["id"], [node["html"] for node in violation["nodes"]])
            for violation in found["violations"] if violation["impact"] in ("serious", "critical")
        ]


def carried(file):
    """A file as the page's scripts take it: a path, or a pair of a name and bytes."""
    name, content = (file.name, file.read_bytes()) if hasattr(file, "read_bytes") else file
    kind = mimetypes.guess_type(name)[0] or "text/plain"
    return {"name": name, "type": kind, "content": base64.b64encode(content).decode()}
