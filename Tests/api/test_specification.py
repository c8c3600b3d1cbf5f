"""Schemathesis: requests made up from the specification, right and wrong ones, and every answer held against it."""
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
# The server of this test has no keys; and what was removed can be restored, so that being there again is no fault.
NOT_HERE = ["ignored_auth", "use_after_free"]
# Answers without an end, which would be waited for; test_events.py and test_map.py have them.
STREAMS = "/events$"
# Which decisions are right depends on the task and on what the store has; test_labels.py has them.
DEPENDENT = "/v1/labels/decisions"
EXAMPLES = os.environ.get("DIPTYCH_EXAMPLES", "40")


def test_the_specification_is_true(server, tmp_path):
    program = pathlib.Path(sys.executable).parent / "schemathesis"
    result = subprocess.run(
        [program, "run", f"{server}/openapi.json", "--url", server, "--checks", "all", "--max-examples", EXAMPLES, "--seed", "1",
         "--request-timeout", "30", "--exclude-checks", ",".join(NOT_HERE), "--exclude-path-regex", STREAMS, "--exclude-path", DEPENDENT, "--no-color"],
        cwd=tmp_path, capture_output=True, text=True, env={**os.environ, "SCHEMATHESIS_HOOKS": "made_up", "PYTHONPATH": str(HERE)})
    assert result.returncode == 0, result.stdout[-20_000:] + result.stderr[-2_000:]
