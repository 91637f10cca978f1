"""The set-wise arithmetic in SQL and the rules in Python say the same of any rows."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from xinfu.cases import rules
from xinfu.cases.actions.push import PUSHED
from xinfu.cases.intake.reference import Reference
from xinfu.cases.intake.staging import Staging
from xinfu.lib.workdays import national_calendar

CALENDAR = national_calendar()
TODAY = date(2026, 1, 1)
FIRST, LAST = datetime.fromisoformat("2022-12-01"), datetime.fromisoformat("2024-06-30")
KEYS = (b"k" * 32, b"p" * 32)
MINUTES = 60 * 24 * 60
COLUMNS = (
    "case_no", "received_on", "accepted_on", "finished_on", "state", "finish_kind", "promise_days", "due_on", "due_kind",
    "accept_due_on", "handling_days", "quality", "due_provisional",
)  # fmt: skip
VERSIONS = [
    ("I1", date(2000, 1, 1), date(2023, 3, 31), 1, "旧版", "2", 10, "workday", 3, True, None),
    ("I1", date(2023, 4, 10), None, 2, "新版", "2", 5, "workday", None, True, None),
    ("I2", date(2000, 1, 1), None, 3, "即办", "1", None, "none", None, False, None),
    ("I3", date(2000, 1, 1), None, 4, "一个月", "2", 1, "month", None, False, None),
]
moments = st.datetimes(FIRST, LAST).map(lambda t: t.replace(microsecond=0))
apart = st.none() | st.integers(-3 * 24 * 60, MINUTES)


@st.composite
def records(draw: st.DrawFn) -> dict[str, Any]:
    received = draw(moments)

    def after(minutes: int | None) -> str | None:
        return None if minutes is None else str(received + timedelta(minutes=minutes))

    return {
        "item_name": "事项",
        "item_code": draw(st.sampled_from([None, "I1", "I2", "I3", "I9"])),
        "channel": "1",
        "received_at": str(received),
        "accepted_at": after(draw(apart)),
        "finished_at": after(draw(apart)),
        "promise_days": draw(st.none() | st.integers(0, 90)),
        "state": draw(st.sampled_from([None, None, "finished", "returned", "received", "suspended"])),
        "finish_kind": draw(st.sampled_from([None, *"01234567"])),
        "is_paused": draw(st.none() | st.booleans()),
        "finish_reason": draw(st.sampled_from([None, "说明"])),
    }


def derived(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    reference = Reference([], [], VERSIONS, CALENDAR, 5, KEYS)
    with tempfile.TemporaryDirectory() as folder, Staging(Path(folder) / "push-x", PUSHED, TODAY) as staging:
        staging.read_records([{"case_no": f"N{n:04}", **r} for n, r in enumerate(rows)])
        staging.state_facts()
        staging.load_reference(reference)
        assert staging.derive(5, KEYS) == len(rows), list(staging.rejections())
        found = staging.select(f"SELECT {', '.join(COLUMNS)} FROM ready ORDER BY seq")
    return [dict(zip(COLUMNS, line, strict=True)) for line in found]


def version_on(code: str | None, day: date) -> tuple[Any, ...] | None:
    fitting = [v for v in VERSIONS if v[0] == code and v[1] <= day and (v[2] is None or day <= v[2])]
    return fitting[-1] if fitting else None


def expected(said: Mapping[str, Any], found: Mapping[str, Any]) -> rules.Clocks:
    version = version_on(said["item_code"], found["received_on"])
    days, kind = said["promise_days"], "workday"
    project = version[5] if version else "2"
    if days is None and version is not None and version[6] is not None:
        days, kind = version[6], version[7]
    if days is None and project == "1":
        days = 0
    known_limit = version_limit(said["item_code"], found["received_on"])
    return rules.clocks(
        CALENDAR,
        rules.Facts(
            received_on=found["received_on"],
            accepted_on=found["accepted_on"],
            finished_on=found["finished_on"],
            state=found["state"],
            project_type=project,
            promise_days=days,
            promise_kind=kind,
            accept_limit=rules.accept_limit(found["received_on"], known_limit, 5),
            is_contradictory=bool(found["quality"] & 7),
        ),
    )


def version_limit(code: str | None, day: date) -> int | None:
    version = version_on(code, day)
    return version[8] if version else None


@pytest.mark.slow
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(records(), min_size=1, max_size=30))
def test_clocks_states_and_marks_in_sql_equal_the_rules(rows: list[dict[str, Any]]) -> None:
    for said, found in zip(rows, derived(rows), strict=True):
        clocks = expected(said, found)
        assert (found["due_on"], found["accept_due_on"]) == (clocks.due_on, clocks.accept_due_on), said
        assert found["due_kind"] == ("computed" if clocks.due_on else "")
        assert found["handling_days"] == clocks.handling_days, said
        assert found["due_provisional"] == clocks.provisional
        state = said["state"] or rules.derive_state(
            finish_kind=said["finish_kind"] or "",
            accepted=said["accepted_at"] is not None,
            finished=said["finished_at"] is not None,
            paused=bool(said["is_paused"]),
        )
        assert found["state"] == state, said
        lacking = rules.lacks_reason(state, said["finish_kind"] or "", said["finish_reason"] or "")
        assert bool(found["quality"] & 128) == lacking


@given(st.text(max_size=40))
@settings(max_examples=30, deadline=None)
def test_any_text_for_a_name_is_taken_in_or_refused_with_a_sentence(name: str) -> None:
    row = {"case_no": "N1", "item_name": name, "channel": "1", "received_at": "2023-06-19"}
    with tempfile.TemporaryDirectory() as folder, Staging(Path(folder) / "push-x", PUSHED, TODAY) as staging:
        staging.read_records([row])
        staging.state_facts()
        staging.load_reference(Reference([], [], [], CALENDAR, 5, KEYS))
        accepted = staging.derive(5, KEYS)
        refused = list(staging.rejections())
    assert accepted == (0 if refused else 1)
    assert all(r.reason.endswith("。") for r in refused)
