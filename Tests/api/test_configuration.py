"""`diptych serve` with options from a file and from the environment."""
import json
import os
import urllib.request

from conftest import ended, started


def test_options_come_from_a_file_the_environment_and_the_command_line(tmp_path):
    file = tmp_path / "serve.json"
    # The port cannot be listened at by most users and is not meant to be: the command line counts first.
    file.write_text(json.dumps({"port": 1, "also-model": ["second=demo", "third=demo"], "cache": 7, "quiet": False}))
    process, address = started(
        tmp_path / "log", "--config", file, "--port", "0",
        env=os.environ | {"DIPTYCH_SERVE_CACHE": "9", "DIPTYCH_SERVE_HOST": "127.0.0.2"})
    try:
        assert address.startswith("http://127.0.0.2:")
        with urllib.request.urlopen(f"{address}/v1/models") as answer:
            assert {model["id"] for model in json.load(answer)["data"]} == {"demo", "second", "third"}
        with urllib.request.urlopen(f"{address}/v1/status") as answer:
            assert json.load(answer)["cache"]["limit"] == 9
    finally:
        ended(process)
