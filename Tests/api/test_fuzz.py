"""Some mutated requests; `make fuzz` sends a hundred thousand."""
import os

import fuzz


def test_mutated_requests(server):
    statuses = fuzz.run(server, int(os.environ.get("DIPTYCH_FUZZ", "2000")), seed=7)
    # Some get through, most are refused, few have no answer because they are cut.
    assert statuses.get(200, 0) > 0.05 * sum(statuses.values())
    assert statuses.get(400, 0) > 0.1 * sum(statuses.values())


def test_numbers_near_limits(server):
    statuses = fuzz.run(server, int(os.environ.get("DIPTYCH_FUZZ", "1500")), seed=11, share=1)
    assert statuses.get(200, 0) > 0.05 * sum(statuses.values())
    assert statuses.get(400, 0) > 0.1 * sum(statuses.values())
