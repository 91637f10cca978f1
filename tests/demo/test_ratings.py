"""The made-up ratings: the published rate exactly, every state of the loop, the same plan every time."""

from __future__ import annotations

from collections import Counter

import pytest

from xinfu.demo import ratings
from xinfu.demo.ratings import RatingTargets
from xinfu.indicators import rules
from xinfu.ratings.flow import FLOW, Status


def test_the_reference_county_prints_its_rate() -> None:
    """24,960 of 25,000 is printed as 99.84 %."""
    whole = RatingTargets.scaled(1_080_000)
    assert (whole.total, whole.bad) == (25_000, 40)
    assert rules.shown(whole.good, whole.total, "%", 2) == "99.84"


@pytest.mark.parametrize("cases", [1_080, 10_800, 108_000, 1_080_000])
def test_upheld_appeals_come_on_top_of_the_bad_ones_that_count(cases: int) -> None:
    targets = RatingTargets.scaled(cases)
    kinds = Counter(ratings.plan(targets))
    assert kinds["upheld"] == targets.upheld
    assert sum(kinds.values()) - kinds["upheld"] == targets.bad


def test_the_latest_bad_ratings_stand_in_every_state_of_the_loop() -> None:
    reached = set()
    for kind in (*ratings.RECENT, "rectified"):
        state = str(FLOW.initial)
        for move, _ in ratings.WAYS[kind]:
            assert state in {str(s) for s in FLOW[move].sources}
            state = str(FLOW[move].target)
        reached.add(state)
    assert reached == {str(s) for s in Status}
