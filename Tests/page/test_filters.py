"""The form of conditions, the expression it writes, and what the server says about a wrong one."""
import pytest
from playwright.sync_api import expect


@pytest.fixture
def filters(home):
    home.page.get_by_role("button", name="Filters").click()
    expect(home.page.locator("#filters")).to_be_visible()
    return home


def test_the_form_writes_the_expression(filters):
    page = filters.page
    page.get_by_label("Width at least").fill("10")
    with page.expect_response(lambda response: "/v1/items" in response.url and "jpeg" in response.url):
        page.get_by_label("Type").select_option("jpeg")
    filters.settle()
    assert filters.fields["filter"] == ["width >= 10 and type = 'jpeg'"]
    page.get_by_label("Taken from").fill("2024-01-01")
    page.get_by_label("Taken to").fill("2024-05-31")
    page.get_by_label("Caption contains").fill("it's")
    expect(page.locator("#empty")).to_contain_text("Nothing found")
    # An attribute that no item has is not looked for in silence.
    filters.allows_failed_requests = True
    page.get_by_label("name", exact=True).fill("place.city")
    page.get_by_label("value", exact=True).fill("Zürich")
    expect(page.locator("#filter-expression")).to_have_value(
        "width >= 10 and type = 'jpeg' and taken >= 2024-01-01 and taken <= 2024-05-31 and caption matches 'it''s'"
        " and place.city = 'Zürich'")
    expect(page.locator("#filter-error")).to_contain_text("no item has 'place.city'")
    page.get_by_role("button", name="Clear").click()
    filters.settle()
    assert "filter" not in filters.fields


def test_the_expression_fills_the_form_where_it_can(filters):
    page = filters.page
    page.fill("#filter-expression", "width >= 20 and caption matches 'sea'")
    page.press("#filter-expression", "Enter")
    expect(page.get_by_label("Width at least")).to_have_value("20")
    expect(page.get_by_label("Caption contains")).to_have_value("sea")


def test_an_expression_that_the_form_cannot_show_is_kept(filters):
    page = filters.page
    page.fill("#filter-expression", "width > 10 or height > 10")
    page.press("#filter-expression", "Enter")
    expect(page.get_by_label("Width at least")).to_have_value("")
    page.get_by_label("Type").select_option("jpeg")
    expect(page.locator("#filter-expression")).to_have_value("(width > 10 or height > 10) and type = 'jpeg'")


def test_a_wrong_filter_is_explained_beside_the_field(filters):
    filters.allows_failed_requests = True
    page = filters.page
    page.fill("#filter-expression", "width >= ")
    page.get_by_role("button", name="Apply").click()
    expect(page.locator("#filter-error")).to_contain_text("the filter, at character")
    expect(page.locator("#filter-expression")).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#notice")).to_be_hidden()
    page.fill("#filter-expression", "width >= 1")
    page.get_by_role("button", name="Apply").click()
    filters.settle()
    expect(page.locator("#filter-error")).to_have_text("")
    expect(page.locator("#filter-expression")).not_to_have_attribute("aria-invalid", "true")


def test_a_filter_goes_with_a_search(filters):
    filters.page.fill("#filter-expression", "width >= 1")
    filters.page.press("#filter-expression", "Enter")
    filters.search("star")
    assert filters.state("filter") == "width >= 1"
