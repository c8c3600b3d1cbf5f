"""Searching by pictures: dropped, pasted, chosen, cropped, and together with text."""
from playwright.sync_api import expect


def found_first(visit):
    """The name of the file that the newest search found first."""
    visit.settle()
    identifier = visit.ids[0]
    return visit.page.request.get(f"{visit.address}/v1/items/{identifier}").json()["path"].split("/")[-1]


def test_a_dropped_picture_is_searched_by(home, pictures):
    picture = pictures / "scene-000007.jpg"
    with home.page.expect_response("**/v1/search"):
        home.drop("[data-drop=search]", [picture])
    assert found_first(home) == picture.name
    expect(home.page.locator("#drop")).to_be_hidden()
    expect(home.page.locator("#chips")).to_contain_text("Your picture")


def test_dragging_shows_both_places(home, pictures):
    home.page.evaluate("""() => {
      const transfer = new DataTransfer();
      transfer.items.add(new File(["x"], "x.jpg", { type: "image/jpeg" }));
      document.body.dispatchEvent(new DragEvent("dragenter", { dataTransfer: transfer, bubbles: true, cancelable: true }));
    }""")
    expect(home.page.get_by_text("Search by this picture")).to_be_visible()
    expect(home.page.get_by_text("Add to the store")).to_be_visible()
    home.page.keyboard.press("Escape")
    expect(home.page.locator("#drop")).to_be_hidden()


def test_what_is_no_picture_is_refused(home):
    home.drop("[data-drop=search]", [("notes.txt", b"words")])
    expect(home.page.locator("#toasts")).to_contain_text("That is no picture.")
    assert home.searches == []


def test_a_pasted_picture_is_searched_by(home, pictures):
    picture = pictures / "scene-000011.jpg"
    with home.page.expect_response("**/v1/search"):
        home.paste(picture)
    assert found_first(home) == picture.name


def test_a_chosen_picture_is_searched_by_together_with_text_and_minus(home, pictures):
    picture = pictures / "scene-000013.jpg"
    with home.page.expect_response("**/v1/search"):
        home.page.set_input_files("#file", picture)
    assert found_first(home) == picture.name
    home.search("at night")
    home.page.fill("#minus", "snow")
    with home.page.expect_response("**/v1/search"):
        home.page.press("#minus", "Enter")
    home.settle()
    form = home.newest_form()
    for field in (("text", "at night"), ("minus", "snow"), ("image", "scene-000013.jpg image/jpeg")):
        assert field in form
    with home.page.expect_response("**/v1/search"):
        home.page.get_by_role("button", name="Remove: Your picture").click()
    assert home.state("text") == "at night"


def test_the_back_button_brings_a_picture_back(home, pictures):
    with home.page.expect_response("**/v1/search"):
        home.page.set_input_files("#file", pictures / "scene-000013.jpg")
    home.settle()
    found = home.ids
    with home.page.expect_response("**/v1/items?*"):
        home.page.get_by_role("button", name="Remove: Your picture").click()
    with home.page.expect_response("**/v1/search"):
        home.page.go_back()
    expect(home.page.locator("#chips")).to_contain_text("Your picture")
    home.settle()
    expect(home.page.locator("#grid .open").first).to_have_attribute("data-id", found[0])


def region(page):
    """Left, top, width and height of the region in percent of the picture."""
    box = page.locator("#crop-box")
    return [round(float(box.evaluate(f"(box) => box.style.{side}").rstrip("%")), 1)
            for side in ("insetInlineStart", "insetBlockStart", "inlineSize", "blockSize")]


def test_a_region_is_dragged_and_searched_by(home, pictures):
    with home.page.expect_response("**/v1/search"):
        home.page.set_input_files("#file", pictures / "scene-000007.jpg")
    home.settle()
    home.page.locator("#chips").get_by_role("button", name="Crop and search").click()
    expect(home.page.locator("#crop-search")).to_be_enabled()
    stage = home.page.locator("#crop-stage").bounding_box()
    mouse = home.page.mouse
    # Outside of the first region a new one begins.
    mouse.move(stage["x"] + stage["width"] * 0.05, stage["y"] + stage["height"] * 0.05)
    mouse.down()
    mouse.move(stage["x"] + stage["width"] * 0.55, stage["y"] + stage["height"] * 0.65, steps=4)
    mouse.up()
    assert [abs(value - wanted) < 1 for value, wanted in zip(region(home.page), (5, 5, 50, 60))] == [True] * 4
    # Within, it is moved.
    mouse.move(stage["x"] + stage["width"] * 0.3, stage["y"] + stage["height"] * 0.3)
    mouse.down()
    mouse.move(stage["x"] + stage["width"] * 0.5, stage["y"] + stage["height"] * 0.3, steps=4)
    mouse.up()
    assert abs(region(home.page)[0] - 25) < 1
    with home.page.expect_response("**/v1/search"):
        home.page.get_by_role("button", name="Search by this region").click()
    home.settle()
    expect(home.page.locator("#crop")).to_be_hidden()
    assert ("image", "region.jpg image/jpeg") in home.newest_form()


def test_a_region_is_moved_and_sized_by_keys(home):
    home.open_first()
    home.page.locator("#detail").get_by_role("button", name="Crop and search").click()
    expect(home.page.locator("#crop-search")).to_be_enabled()
    expect(home.page.locator("#crop-box")).to_be_focused()
    before = region(home.page)
    home.page.keyboard.press("ArrowRight")
    home.page.keyboard.press("ArrowDown")
    home.page.keyboard.press("Shift+ArrowLeft")
    after = region(home.page)
    assert [round(new - old, 1) for new, old in zip(after, before)] == [2, 2, -2, 0]
    expect(home.page.locator("#crop-values")).to_contain_text("wide")
    for _ in range(60):
        home.page.keyboard.press("ArrowRight")
    assert round(region(home.page)[0] + region(home.page)[2], 1) == 100
    home.page.keyboard.press("Enter")
    home.page.get_by_role("button", name="Search by this region").focus()
    with home.page.expect_response("**/v1/search"):
        home.page.keyboard.press("Enter")
    expect(home.page.locator("#detail")).to_be_hidden()
    expect(home.page.locator("#chips")).to_contain_text("Your picture")


def test_more_like_a_result(home):
    identifier = home.ids[0]
    home.page.locator("#grid .open").first.focus()
    with home.page.expect_response("**/v1/search"):
        home.page.keyboard.press("m")
    home.settle()
    assert home.state("item") == identifier
    assert home.fields["like"] == [identifier]
    expect(home.page.locator("#chips")).to_contain_text("Like this one")
    home.search("at night")
    assert home.state("item") == identifier and home.state("text") == "at night"
