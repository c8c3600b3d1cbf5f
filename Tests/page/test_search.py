"""Searching by text: while typing, without terms, in the address."""
from playwright.sync_api import expect


def test_everything_is_browsed_without_a_query(home):
    expect(home.page.locator("#summary")).to_have_text("60 pictures")
    assert home.searches == []


def test_results_come_while_typing_and_not_for_each_letter(home, captions):
    caption = next(iter(captions.values()))
    home.page.locator("#text").press_sequentially(caption, delay=20)
    home.page.wait_for_url("**/?q=*")
    expect(home.page.locator("#summary")).to_contain_text("First 36")
    home.settle()
    home.page.wait_for_timeout(400)
    assert home.state("text") == caption
    assert len(home.searches) <= 3


def test_an_answer_that_is_out_of_date_is_dropped(home):
    home.search("red")
    expected = home.ids
    # The answer to "blue" is held back until that to "red" has been shown.
    held = []

    def hold(route):
        held.append(route)

    home.page.route("**/v1/search", hold)
    with home.page.expect_request("**/v1/search"):
        home.page.fill("#text", "blue")
    home.page.unroute("**/v1/search", hold)
    home.search("red")
    for route in held:
        route.fulfill(json={"results": [], "exact": True, "next": None})
    home.page.wait_for_timeout(300)
    assert home.ids == expected
    expect(home.page.locator("#empty")).to_be_hidden()


def test_each_result_shows_similarity_and_match_probability(home, captions):
    home.search(next(iter(captions.values())))
    scores = home.tiles.first.locator(".scores")
    expect(scores).to_have_text("Best match")
    title = scores.get_attribute("title")
    assert "% match" in title and "Similarity 0." in title


def test_minus_terms_are_added_and_removed(home):
    home.search("star")
    home.page.fill("#minus", "snow")
    with home.page.expect_response("**/v1/search"):
        home.page.press("#minus", "Enter")
    home.settle()
    assert home.state("minus") == ["snow"]
    assert home.fields["minus"] == ["snow"]
    with home.page.expect_response("**/v1/search"):
        home.page.get_by_role("button", name="Remove: without “snow”").click()
    home.settle()
    assert "minus" not in home.fields


def test_only_likely_matches(home):
    home.search("star")
    with home.page.expect_response("**/v1/search"):
        home.page.get_by_label("Only likely matches").check()
    assert home.state("only_relevant") is True
    assert home.fields["relevant"] == ["1"]


def test_a_search_can_be_shared(visit):
    visit.open("/?q=star&minus=snow&filter=width+%3E%3D+1")
    assert visit.page.input_value("#text") == "star"
    assert visit.page.input_value("#filter-width") == "1"
    expect(visit.page.locator("#filters")).to_be_visible()
    sent = visit.searches[-1].post_data_json
    assert (sent["text"], sent["minus"], sent["filter"]) == ("star", ["snow"], "width >= 1")


def test_the_back_button_undoes_a_search(home):
    browsed = home.ids
    home.search("yellow star")
    home.page.locator("#text").blur()
    found = home.ids
    home.search("blue circle")
    home.page.go_back()
    expect(home.page.locator("#text")).to_have_value("yellow star")
    expect(home.page.locator("#grid:not([aria-busy]) .open").first).to_have_attribute("data-id", found[0])
    assert home.ids == found
    home.page.go_back()
    expect(home.page.locator("#text")).to_have_value("")
    expect(home.page.locator("#summary")).to_have_text("60 pictures")
    assert home.ids == browsed


def test_words_that_are_still_composed_are_not_searched_for(home):
    home.page.focus("#text")
    home.page.evaluate("""() => {
      const field = document.getElementById("text");
      field.value = "hong";
      field.dispatchEvent(new InputEvent("input", { isComposing: true, bubbles: true }));
    }""")
    home.page.wait_for_timeout(400)
    assert home.searches == []
    with home.page.expect_response("**/v1/search"):
        home.page.evaluate("""() => {
          const field = document.getElementById("text");
          field.value = "红色";
          field.dispatchEvent(new CompositionEvent("compositionend", { data: "红色", bubbles: true }));
        }""")
    assert home.state("text") == "红色"


def test_nothing_found_says_what_can_be_done(home):
    home.open("/?q=star&filter=width+%3E%3D+100000", settled=False)
    expect(home.page.locator("#empty")).to_contain_text("Nothing found")
    home.page.get_by_role("button", name="Search without the filter").click()
    home.settle()
    assert "filter" not in home.fields
