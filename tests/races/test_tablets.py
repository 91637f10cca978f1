"""Two connections at once: one asking a window, one rating an asking, one tablet a window."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests import make
from tests.cases.conftest import as_csv, import_cases, row
from tests.conftest import CHINA
from tests.races.test_papers import together
from xinfu.cases.models import Case
from xinfu.core.access import Role
from xinfu.core.refusal import Refused
from xinfu.ratings.actions import tablets as actions
from xinfu.ratings.models import Rating, RequestState, Tablet, TabletMonth, TabletRequest

AT = datetime(2023, 6, 29, 10, 30, tzinfo=CHINA)


@pytest.fixture
def place(tmp_path: Path) -> dict[str, Any]:
    """A paired tablet at a window, and two finished cases."""
    office = make.office()
    path = tmp_path / "cases.csv"
    done = {"办结时间": "2023-06-28 10:00:00", "办件状态": "办结"}
    path.write_text(as_csv([row(1, **done), row(2, **done)]))
    import_cases(path)
    chief = make.actor(Role.WINDOW_CHIEF, office.unit_a)
    made = actions.prepare_tablet(window_id=office.window_a1.pk, name="1号", by=chief, at=AT)
    actions.pair(token=actions.pairing_token(made, AT), at=AT)
    return {
        "cases": list(Case.objects.order_by("pk")), "window": office.window_a1.pk, "chief": chief,
        "tablet": Tablet.objects.get(), "clerk": make.actor(Role.WINDOW_CLERK, office.unit_a),
    }  # fmt: skip


def ask(place: dict[str, Any], number: int, at: datetime = AT) -> TabletRequest:
    return actions.ask(case=place["cases"][number], window_id=place["window"], by=place["clerk"], at=at)


def refusals(done: list[Any]) -> list[str]:
    return [answer.code for answer in done if isinstance(answer, Refused)]


def test_of_ten_pushes_at_once_one_is_asked(place: dict[str, Any]) -> None:
    done = together(*[lambda n=n: ask(place, n % 2) for n in range(10)])
    assert refusals(done) == ["busy"] * 9
    assert TabletRequest.objects.filter(state=RequestState.OPEN).count() == 1


def test_of_ten_askings_after_a_lapsed_one_it_is_counted_once(place: dict[str, Any]) -> None:
    ask(place, 0)
    later = AT + timedelta(seconds=60)
    done = together(
        *[lambda: ask(place, 1, later)] * 9, lambda: actions.close_lapsed(by=make.SYSTEM, at=later)
    )
    assert refusals(done) == ["busy"] * 8
    month = TabletMonth.objects.get()
    assert (month.asked, month.unrated) == (1, 1)


def test_of_ten_taps_at_once_one_rates(place: dict[str, Any]) -> None:
    row = ask(place, 0)

    def tap() -> None:
        actions.submit(tablet=place["tablet"], code=row.code, level=5, at=AT + timedelta(seconds=5))

    done = together(*[tap] * 10)
    assert refusals(done) == ["request_over"] * 9
    assert Rating.objects.count() == 1
    month = TabletMonth.objects.get()
    assert (month.asked, month.unrated) == (1, 0)


def test_a_tap_and_the_end_of_time_at_once_are_one_or_the_other(place: dict[str, Any]) -> None:
    row = ask(place, 0)

    def tap() -> None:
        actions.submit(tablet=place["tablet"], code=row.code, level=5, at=AT + timedelta(seconds=59))

    done = together(tap, lambda: actions.close_lapsed(by=make.SYSTEM, at=AT + timedelta(seconds=60)))
    month = TabletMonth.objects.get()
    assert Rating.objects.count() == 1 - len(refusals(done))
    assert (month.asked, month.unrated) == (1, len(refusals(done)))


def test_of_two_devices_that_open_one_link_one_is_paired(place: dict[str, Any]) -> None:
    made = actions.prepare_tablet(window_id=place["window"], name="2号", by=place["chief"], at=AT)
    token = actions.pairing_token(made, AT)
    done = together(*[lambda: actions.pair(token=token, at=AT)] * 5)
    assert refusals(done) == ["used_link"] * 4
    assert Tablet.objects.filter(paired_at__isnull=False, ended_at=None).count() == 1


def test_of_two_tablets_paired_at_once_with_a_window_one_stays(place: dict[str, Any]) -> None:
    made = [
        actions.prepare_tablet(window_id=place["window"], name=f"{n}号", by=place["chief"], at=AT)
        for n in (2, 3)
    ]
    tokens = [actions.pairing_token(one, AT) for one in made]
    together(*[lambda token=token: actions.pair(token=token, at=AT) for token in tokens])
    assert Tablet.objects.filter(paired_at__isnull=False, ended_at=None).count() == 1
