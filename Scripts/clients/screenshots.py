#!/usr/bin/env python3
"""Draws pictures, indexes them, serves them, and writes Documentation/images: the main states of the page.

Needs: playwright and the Chromium of the system, as Scripts/clients/environment installs them.
Usage: Scripts/clients/screenshots
"""
import pathlib
import subprocess
import tempfile

from playwright.sync_api import sync_playwright

from conftest import DIPTYCH, ROOT, SIZES, Server
from visit import Visit

IMAGES = ROOT / "Documentation/images"
QUERY = "two large green stars under a pink ring on the sand"
CHINESE = "海面上有四个绿色的大圆环"


def search(visit):
    visit.search(QUERY)


def chinese(visit):
    visit.search(CHINESE)


def filters(visit):
    visit.search(QUERY)
    visit.page.click("#filters-button")
    visit.page.fill("#filter-width", "200")
    visit.page.select_option("#filter-type", "jpeg")
    visit.page.wait_for_timeout(1000)
    visit.settle()


def detail(visit):
    visit.search(QUERY)
    visit.open_first()


def crop(visit):
    detail(visit)
    visit.page.click("#detail-crop")
    visit.page.locator("#crop-search:enabled").wait_for()


def add(visit):
    visit.page.click("#add-button")
    visit.page.set_input_files("#upload-file", sorted(visit.pictures.glob("*.jpg"))[:3])
    visit.page.get_by_label("Caption of scene-000000.jpg").fill("drawn by chance")


# Name, size, settings of the browser, and what is done before the picture is taken.
STATES = [
    ("search", "desktop", {}, search),
    ("search-dark", "desktop", {"color_scheme": "dark"}, search),
    ("search-phone", "phone", {"device_scale_factor": 2}, search),
    ("search-chinese", "desktop", {"locale": "zh-CN"}, chinese),
    ("detail", "desktop", {}, detail),
    ("filters", "desktop", {}, filters),
    ("crop", "desktop", {}, crop),
    ("add", "desktop", {}, add),
]


def take(visit, name):
    visit.page.wait_for_load_state("networkidle")
    # Thumbnails below the fold are drawn late.
    visit.page.wait_for_timeout(500)
    visit.page.screenshot(path=IMAGES / f"{name}.png")
    visit.check()


def take_status(browser, server):
    width, height = SIZES["desktop"]
    visit = Visit(server.address, browser.new_context(viewport={"width": width, "height": height}, locale="en-GB"))
    visit.open("/status", settled=False)
    # Something to show: a search a third of a second.
    for number in range(90):
        visit.page.evaluate("""(text) => fetch("/v1/search", {
          method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ text })
        })""", f"{number % 40} yellow stars")
        visit.page.wait_for_timeout(330)
    visit.page.screenshot(path=IMAGES / "status.png")
    visit.check()


def main():
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="diptych-") as work, sync_playwright() as playwright:
        pictures = pathlib.Path(work) / "pictures"
        store = pathlib.Path(work) / "sample.store"
        subprocess.run([DIPTYCH, "pictures", "--count", "300", "--seed", "7", "--output", pictures], check=True)
        subprocess.run([DIPTYCH, "index", pictures, "--store", store], check=True)
        server = Server("--store", str(store))
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        try:
            for name, size, settings, prepare in STATES:
                width, height = SIZES[size]
                context = browser.new_context(**{"viewport": {"width": width, "height": height}, "locale": "en-GB", **settings})
                visit = Visit(server.address, context)
                visit.pictures = pictures
                visit.open("/")
                prepare(visit)
                take(visit, name)
                context.close()
            take_status(browser, server)
        finally:
            browser.close()
            server.stop()


main()
