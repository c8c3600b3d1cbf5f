"""What Schemathesis cannot make up by itself: images, filters, pages. It loads this file by SCHEMATHESIS_HOOKS."""
import base64
import json
import struct
import subprocess
import zlib

import schemathesis
from hypothesis import strategies as st


def png(colour):
    """A PNG file of one pixel."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(b"\0" + bytes(colour))) + chunk(b"IEND", b""))


colours = st.tuples(*[st.integers(0, 255)] * 3)
schemathesis.openapi.format("picture", colours.map(lambda c: "data:image/png;base64," + base64.b64encode(png(c)).decode()))
film = subprocess.run(
    ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc=size=32x32:rate=5:duration=1", "-c:v", "mjpeg", "-f", "matroska", "-"],
    check=True, capture_output=True).stdout
schemathesis.openapi.format("video", st.just("data:video/x-matroska;base64," + base64.b64encode(film).decode()))
schemathesis.openapi.format("filter", st.sampled_from(["width > 100", "type = 'jpeg' and not (height < 10)", "", "caption matches 'a'"]))
schemathesis.openapi.format("after", st.sampled_from(["", "0", "5", "999999999999999999"]))
schemathesis.openapi.format("page", st.sampled_from(["p1-c-2-hhls57-3", "p1-0-0-0-0"]))
schemathesis.openapi.format("attributes", st.dictionaries(st.text(max_size=5), st.integers(-9, 9), max_size=3).map(json.dumps))


@schemathesis.hook
def before_load_schema(context, raw_schema):
    """Leaves out what cannot be made up or be wrong."""
    for path in raw_schema["paths"].values():
        for operation in path.values():
            # In a form all is text, whose type cannot be wrong; forms have tests of their own.
            operation.get("requestBody", {}).get("content", {}).pop("multipart/form-data", None)
    # Which number is right depends on the model.
    embeddings = raw_schema["paths"]["/v1/embeddings"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    embeddings["properties"]["dimensions"] = {"enum": [128, None]}
    for schema in (embeddings["properties"]["input"], embeddings["oneOf"][0]["properties"]["input"]):
        ids = schema["oneOf"][2]
        ids["items"]["maximum"], ids["maxItems"], schema["oneOf"][3]["items"] = 1109, 16, ids
    search = raw_schema["paths"]["/v1/search"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    search["properties"]["vector"] = {"enum": [[0.5] * 128, [-1e-9] + [0] * 127, None]}
    search["anyOf"][-1]["properties"]["vector"] = {"enum": [[0.5] * 128]}
    # Which item is a video depends on the store.
    search["properties"]["time"] = {"type": "null"}
    # An item is changed once in a request, and a label is renamed that is there.
    change = raw_schema["paths"]["/v1/items"].get("patch", {}).get("requestBody", {}).get("content", {}).get("application/json")
    if change:
        change["schema"]["properties"]["items"]["maxItems"] = 1
    raw_schema["paths"]["/v1/labels"]["post"]["requestBody"]["content"]["application/json"]["schema"]["properties"]["rename_to"] = {"type": "null"}
    # Which place is right depends on the order; lists in one have tests of their own.
    items = raw_schema["paths"]["/v1/items"]["get"]
    items["parameters"] = [parameter for parameter in items["parameters"] if parameter["name"] != "sort"]
