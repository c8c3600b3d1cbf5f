"""Labels 1,000 sample images of 20 classes as somebody would who knows the truth and has little time: lines around what lies together on the
map, then keys. Prints how many decisions it took and how many labels are right.
    labeller.py DIPTYCH FOLDER [--most 250]

A line is a convex one, a regular polygon of 24 corners drawn with the pointer on the map as it is fitted to the page, and one decision,
whatever it encloses; wrong images inside count as errors, unless they are corrected, which is a decision each. Images that have a label
are left alone, as the map page does by itself. What no line reaches is labelled on the labelling page, the most probable suggestions
first: Space where the suggestion is right, else the label's key.
"""
import argparse
import csv
import json
import math
import pathlib
import re
import shutil
import struct
import subprocess
import tempfile
import time

from playwright.sync_api import expect, sync_playwright

KEYS = "1234567890abcdefhijklmnopqrtuvwxy"
MAP_KEYS = [key for key in KEYS if key not in "0l"]


def points(page, root):
    while True:
        state = page.request.get(f"{root}/v1/map").json()
        if state["state"] == "ready" and not state.get("updating"):
            break
        time.sleep(0.2)
    data = page.request.get(f"{root}/v1/map/points").body()
    line, _, rest = data.partition(b"\n")
    count = json.loads(line)["count"]
    places = struct.unpack(f"<{2 * count}f", rest[:8 * count])
    ids = rest[9 * count:].decode().split("\n")
    return {id: (places[2 * row], places[2 * row + 1]) for row, id in enumerate(ids)}


def best_circle(left, truth, label):
    """The middle and radius of the circle around an unlabelled image of a class that gains most: those right less twenty times those wrong."""
    best = (0, None, None)
    for seed in (id for id in left if truth[id] == label):
        x, y = left[seed]
        near = sorted((math.hypot(px - x, py - y), id) for id, (px, py) in left.items())
        right = wrong = 0
        for place, (distance, id) in enumerate(near):
            if truth[id] == label:
                right += 1
            else:
                wrong += 1
            if wrong > 8:
                break
            end = near[place + 1][0] if place + 1 < len(near) else distance + 1
            gain = right - 20 * wrong
            if gain > best[0] and end > distance:
                # The polygon lies within its circle: its sides must still be outside of the last image.
                best = (gain, (x, y), min((distance + end) / 2 / math.cos(math.pi / 24), end))
    return best


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("diptych")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--most", type=int, default=250)
    options = parser.parse_args()
    shutil.rmtree(options.folder, ignore_errors=True)
    options.folder.mkdir(parents=True)
    pictures, store = options.folder / "pictures", str(options.folder / "labeller.store")
    subprocess.run(
        [options.diptych, "evaluate", "labelling", "--count", "1000", "--held", "50", "--decisions", "20", "--runs", "1", "--save", pictures, "--quiet"],
        check=True, stdout=subprocess.DEVNULL)
    with open(pictures / "labels.csv") as file:
        named = {row["image"]: row["label"] for row in csv.DictReader(file)}
    (pictures / "labels.csv").rename(options.folder / "truth.csv")
    subprocess.run([options.diptych, "index", pictures, "--store", store, "--quiet"], check=True, stdout=subprocess.DEVNULL)
    labels = sorted(set(named.values()))
    (options.folder / "labels.txt").write_text("".join(f"{label}\n" for label in labels))
    with tempfile.NamedTemporaryFile("w+") as log:
        server = subprocess.Popen(
            [options.diptych, "label", store, "--labels", str(options.folder / "labels.txt"), "--task", "single", "--port", "0"], stderr=log)
        try:
            while not (found := re.search(r"serving (http://\S+)\n", pathlib.Path(log.name).read_text())):
                assert server.poll() is None, pathlib.Path(log.name).read_text()
                time.sleep(0.05)
            label_all(found[1].rsplit("/", 1)[0], labels, named, options.most)
        finally:
            server.terminate()
            server.wait()


def label_all(root, labels, named, most):
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        context.add_init_script("localStorage.setItem('diptych.label.order', 'confident')")
        page = context.new_page()
        begun = time.monotonic()
        page.goto(root + "/map")
        places = points(page, root)
        items = page.request.get(f"{root}/v1/items?limit=1000").json()["items"]
        truth = {item["id"]: named[item["name"]] for item in items}
        names = {item["name"]: truth[item["id"]] for item in items}
        expect(page.locator("#count")).to_have_text(re.compile("1,000"), timeout=30_000)
        lines = lasso(page, places, truth, labels, most)
        keys = press(page, root, names, labels, most - lines)
        seconds = time.monotonic() - begun
        given = {}
        for start in range(0, 1000, 500):
            query = f"tab=truth&order=listed&scope=labelled&grid=true&count=500&offset={start}"
            for image in page.request.get(f"{root}/v1/labels/queue?{query}").json()["images"]:
                given[image["id"]] = image["state"]["labels"][0]
        right = sum(given.get(id) == label for id, label in truth.items())
        print(f"{lines + keys} decisions ({lines} lines on the map, {keys} keys) in {seconds:.0f} s: {len(given)} of {len(truth)} images labelled, "
              f"{right} right, {100 * right / len(truth):.1f} %")
        browser.close()
        assert lines + keys <= most and right >= 0.95 * len(truth)


def lasso(page, places, truth, labels, most):
    """Draws lines while one gains more than a key would."""
    left, lines = dict(places), 0
    xs, ys = [x for x, _ in places.values()], [y for _, y in places.values()]
    box = page.locator("#map").bounding_box()
    middle = ((min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2)
    # As the page fits the map.
    inner = {"width": page.evaluate("document.querySelector('#map').clientWidth"), "height": page.evaluate("document.querySelector('#map').clientHeight")}
    scale = 0.9 * min(inner["width"] / (max(xs) - min(xs)), inner["height"] / (max(ys) - min(ys)))
    to_screen = lambda x, y: (box["x"] + (x - middle[0]) * scale + inner["width"] / 2, box["y"] + (middle[1] - y) * scale + inner["height"] / 2)
    page.keyboard.press("l")
    known, is_new = {label: best_circle(left, truth, label) for label in labels}, True
    while lines < most:
        label = max(known, key=lambda one: known[one][0])
        gain, (x, y), radius = known[label] if known[label][1] else (0, (0, 0), 0)
        if gain < 3:
            if is_new:
                break
            known, is_new = {one: best_circle(left, truth, one) for one in labels}, True
            continue
        is_new = False
        # No image lies outside of the map's room.
        within = lambda at: (min(max(at[0], box["x"] + 3), box["x"] + inner["width"] - 3), min(max(at[1], box["y"] + 3), box["y"] + inner["height"] - 3))
        corners = [within(to_screen(x + radius * math.cos(2 * math.pi * turn / 24), y + radius * math.sin(2 * math.pi * turn / 24))) for turn in range(24)]
        # From the top, where no message lies over the map.
        top = min(range(24), key=lambda place: corners[place][1])
        corners = corners[top:] + corners[:top]
        page.mouse.move(*corners[0])
        page.mouse.down()
        for corner in corners[1:]:
            page.mouse.move(*corner)
        page.mouse.up()
        if page.locator("#chosen").is_hidden():
            known[label] = (0, None, None)
            continue
        page.locator("#label-buttons button").first.wait_for()
        with page.expect_response("**/v1/labels/decisions*") as response:
            page.keyboard.press(MAP_KEYS[labels.index(label)])
        lines += 1
        sent = json.loads(response.value.request.post_data)["operations"]
        # More than 200 go in several requests: all that were within the line have a label now.
        inside = {operation["item"] for operation in sent}
        page.wait_for_timeout(100)
        if not inside & left.keys():
            known[label] = (0, None, None)
            continue
        for id in inside:
            left.pop(id, None)
        # The others can only have become better.
        known[label] = best_circle(left, truth, label)
    return lines


def press(page, root, names, labels, most):
    page.goto(root + "/label")
    keys = 0
    while keys < most:
        page.locator("#stage img, #nothing").first.wait_for()
        if page.locator("#nothing").count():
            break
        name = page.locator("#name").inner_text()
        label = names[name]
        first = page.locator("#suggestions button").first
        suggested = first.locator("span").first.inner_text() if page.locator("#suggestions button").count() else None
        page.keyboard.press(" " if suggested == label else KEYS[labels.index(label)])
        keys += 1
        expect(page.locator("#name")).not_to_have_text(name)
    if keys:
        expect(page.locator("#saved")).to_have_text("All saved")
    return keys


main()
