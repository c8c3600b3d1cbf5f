"""How results and pictures look: words and figures, columns, edges, sizes, types that browsers cannot show, and touch."""
import struct
import subprocess
import zlib

import pytest
from playwright.sync_api import expect

from conftest import DIPTYCH, Server
from visit import Visit

PHONES = [360, 390, 430]


def png(width, height, colour):
    """A PNG file of one colour."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = (b"\0" + bytes(colour) * width) * height
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def tiff(width, height, colour):
    """An uncompressed TIFF file of one colour."""
    pixels = bytes(colour) * (width * height)
    # Tag, type (3 is a short number, 4 a long one), count, value; three bit depths stand behind the directory.
    entries = [(256, 4, 1, width), (257, 4, 1, height), (258, 3, 3, 134), (259, 3, 1, 1), (262, 3, 1, 2), (273, 4, 1, 140),
               (277, 3, 1, 3), (278, 4, 1, height), (279, 4, 1, len(pixels)), (284, 3, 1, 1)]
    directory = struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", *entry) for entry in entries) + bytes(4)
    return (b"II*\0" + struct.pack("<I", 8) + directory + struct.pack("<HHH", 8, 8, 8)).ljust(140, b"\0") + pixels


FILES = {
    "small.png": png(40, 30, (200, 40, 40)), "white.png": png(600, 400, (255, 255, 255)), "print.tiff": tiff(300, 200, (30, 90, 200)),
}


@pytest.fixture(scope="module")
def odd(tmp_path_factory):
    """A server on a small picture, a white one and a TIFF file."""
    folder = tmp_path_factory.mktemp("odd")
    for name, content in FILES.items():
        (folder / name).write_bytes(content)
    store = tmp_path_factory.mktemp("odd-store") / "odd.store"
    subprocess.run([DIPTYCH, "index", folder, "--store", store], check=True)
    server = Server("--store", str(store))
    yield server
    server.stop()


@pytest.fixture
def odd_visit(odd, open_context):
    visit = Visit(odd.address, open_context())
    visit.open("/")
    yield visit
    visit.check()


def open_item(visit, name):
    """Opens the detail view of the item with this name and waits for its picture."""
    visit.page.locator("#grid .open", has=visit.page.get_by_alt_text(name, exact=True)).click()
    expect(visit.page.locator("#detail-title")).to_have_text(name)
    visit.page.locator("#detail-picture img").evaluate("(image) => image.decode()")


def faked(visit, probabilities):
    """Lets searches find the grid's first items with these probabilities."""
    items = visit.page.request.get(visit.address + "/v1/items?limit=36").json()["items"]
    results = [{**item, "rank": place + 1, "similarity": 0.3 - place / 100, "match_probability": probability}
               for place, (item, probability) in enumerate(zip(items, probabilities))]
    visit.page.route("**/v1/search", lambda route: route.fulfill(json={"results": results, "exact": True, "next": None}))


def test_results_are_graded_beside_the_best_with_numbers_on_demand(home):
    faked(home, [0.02, 0.015, 0.004])
    home.search("star")
    grades = home.page.locator("#grid .grade")
    expect(grades).to_have_text(["Best match", "Good match", "Weak match"])
    assert "%" not in home.tiles.first.locator(".open").inner_text()
    expect(home.tiles.first.locator(".scores")).to_have_attribute("title", "2% match · Similarity 0.300")
    widths = home.page.locator("#grid .level span").evaluate_all("all => all.map((one) => one.style.inlineSize)")
    assert widths == ["100%", "75%", "20%"]
    home.page.locator("#grid .open").nth(1).click()
    expect(home.page.locator("#detail-scores")).to_contain_text("Good match")
    expect(home.page.locator("#detail-scores .probability")).to_have_text("2% match")
    expect(home.page.locator("#detail-scores .similarity")).to_have_text("Similarity 0.290")


def test_a_probable_match_is_good_and_without_probabilities_no_word_is_made_up(home):
    faked(home, [1.0, 0.6, None])
    home.search("star")
    expect(home.page.locator("#grid .grade")).to_have_text(["Best match", "Good match"])
    expect(home.tiles.nth(2).locator(".similarity")).to_have_text("Similarity 0.280")


def test_grades_are_said_in_chinese(server, open_context):
    visit = Visit(server.address, open_context(locale="zh-CN"))
    visit.open("/")
    faked(visit, [0.02, 0.015, 0.004])
    visit.search("star")
    expect(visit.page.locator("#grid .grade")).to_have_text(["最佳匹配", "较好匹配", "较弱匹配"])
    visit.check()


@pytest.mark.parametrize("width", PHONES)
def test_columns_on_a_phone_are_equal_and_without_holes(server, browser, width):
    context = browser.new_context(viewport={"width": width, "height": 844}, locale="en-GB", has_touch=True)
    visit = Visit(server.address, context)
    visit.open("/")
    boxes = visit.page.locator("#grid .tile .frame").evaluate_all(
        "all => all.map((one) => one.getBoundingClientRect()).map(({ x, y, width, height }) => [x, y, width, height].map(Math.round))")
    boxes = boxes[:len(boxes) // 2 * 2]
    assert len({tuple(box[2:]) for box in boxes}) == 1
    rows = {}
    for x, y, *_ in boxes:
        rows.setdefault(y, []).append(x)
    assert len({tuple(places) for places in rows.values()}) == 1
    assert visit.page.evaluate("document.documentElement.scrollWidth") == width
    visit.check()
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_white_pictures_have_an_edge(odd, open_context, scheme):
    visit = Visit(odd.address, open_context(color_scheme=scheme))
    visit.open("/")
    edge = "(image) => { const style = getComputedStyle(image); return [style.outlineStyle, style.outlineWidth, style.outlineColor]; }"
    colour = "rgba(0, 0, 0, 0.22)" if scheme == "light" else "rgba(255, 255, 255, 0.26)"
    assert visit.page.get_by_alt_text("white.png").evaluate(edge) == ["solid", "1px", colour]
    open_item(visit, "white.png")
    picture = visit.page.locator("#detail-picture img")
    assert picture.evaluate(edge) == ["solid", "1px", colour]
    # The edge is the picture's, not that of the room around it.
    box = picture.bounding_box()
    assert abs(box["width"] / box["height"] - 600 / 400) < 0.02
    visit.check()


def test_small_pictures_are_not_blown_up(odd_visit):
    box = odd_visit.page.get_by_alt_text("small.png").bounding_box()
    assert (round(box["width"]), round(box["height"])) == (40, 30)
    open_item(odd_visit, "small.png")
    box = odd_visit.page.locator("#detail-picture img").bounding_box()
    assert (round(box["width"]), round(box["height"])) == (40, 30)


def test_what_browsers_cannot_show_is_shown_as_a_rendition(odd_visit):
    open_item(odd_visit, "print.tiff")
    shown = odd_visit.page.locator("#detail-picture img")
    assert "/thumbnail?" in shown.get_attribute("src") and "size=1024" in shown.get_attribute("src")
    link = odd_visit.page.get_by_role("link", name="Download the original")
    expect(link).to_have_attribute("download", "print.tiff")
    reply = odd_visit.page.request.get(odd_visit.address + link.get_attribute("href"))
    assert reply.headers["content-type"] == "image/tiff" and reply.body() == FILES["print.tiff"]
    # Cropping does not first ask for what cannot be shown.
    odd_visit.page.locator("#detail").get_by_role("button", name="Crop and search").click()
    assert "/thumbnail?" in odd_visit.page.locator("#crop-image").get_attribute("src")
    odd_visit.page.locator("#crop-cancel").click()
    odd_visit.page.locator("#detail-close").click()
    open_item(odd_visit, "white.png")
    link = odd_visit.page.get_by_role("link", name="Original", exact=True)
    assert link.get_attribute("download") is None


def test_a_name_that_the_server_says_is_shown(visit):
    def named(route):
        reply = route.fetch()
        answer = reply.json()
        answer["items"][0]["name"] = "holiday.jpg"
        answer["items"][0]["attributes"].pop("caption", None)
        route.fulfill(response=reply, json=answer)

    visit.page.route("**/v1/items?*", named)
    visit.open("/")
    expect(visit.tiles.first.locator(".name")).to_have_text("holiday.jpg")


@pytest.mark.parametrize("locale, field, area", [
    ("en-GB", "Describe a picture", "Tap to choose pictures"), ("zh-CN", "描述一张图片", "点按选择图片")])
def test_touch_devices_are_not_asked_to_drop(server, browser, locale, field, area):
    context = browser.new_context(viewport={"width": 390, "height": 844}, locale=locale, has_touch=True, is_mobile=True)
    visit = Visit(server.address, context)
    visit.open("/")
    expect(visit.page.locator("#text")).to_have_attribute("placeholder", field)
    expect(visit.page.locator("#upload-area [data-text]")).to_have_text(area)
    visit.check()
    context.close()


def test_a_mouse_may_drop(server, browser):
    context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-GB")
    visit = Visit(server.address, context)
    visit.open("/")
    expect(visit.page.locator("#text")).to_have_attribute("placeholder", "Describe a picture, or drop one here")
    expect(visit.page.locator("#upload-area [data-text]")).to_have_text("Drop pictures here, or choose files")
    visit.check()
    context.close()
