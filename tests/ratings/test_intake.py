"""Ratings from partners: decided row by row, written together, the same however often they come."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests import make
from xinfu.cases.models import Case
from xinfu.core import privacy
from xinfu.core.models import JournalEntry
from xinfu.core.refusal import Forbidden
from xinfu.ratings.actions import intake
from xinfu.ratings.exchange import BadRecord, Record
from xinfu.ratings.models import BadRating, Rating

pytestmark = pytest.mark.django_db
AT = datetime(2023, 5, 10, 1, 0, tzinfo=UTC)
RATED = datetime(2023, 5, 8, 2, 30, tzinfo=UTC)


@pytest.fixture
def case(office: make.Office) -> Callable[..., Case]:
    def build(number: str) -> Case:
        received = datetime(2023, 5, 4, 1, tzinfo=UTC)
        return Case.objects.create(
            case_no=number, case_tail=number[-6:], content=b"0" * 16, item_name="企业设立登记", channel="1",
            department=office.unit_a, window=office.window_a1, applicant_kind="2", received_at=received,
            received_on=received.date(), finished_at=received, finished_on=received.date(), state="finished",
            changed_at=received,
        )  # fmt: skip

    return build


def take(*records: Record | BadRecord | None, **more: Any) -> intake.Outcome:
    numbered = list(enumerate(records, 2))
    return intake.take_ratings(
        **{"records": numbered, "source": "test", "sha256": "ab" * 32, "by": make.SYSTEM, "at": AT, **more}
    )


def named(case_no: str, level: int = 5, **more: Any) -> Record:
    said = {
        "name": "章明明",
        "phone": "13800001234",
        "is_anonymous": False,
        "reasons": (f"{level}10",),
        **more,
    }
    return Record(case_no=case_no, level=level, rated_at=RATED, **said)


def test_a_rating_takes_unit_window_and_item_from_its_case(case: Any, office: make.Office) -> None:
    found = case("N1")
    assert take(named("N1")).created == 1
    rating = Rating.objects.get()
    assert (rating.case_id, rating.department_id, rating.window_id) == (
        found.pk, office.unit_a.pk, office.window_a1.pk,
    )  # fmt: skip
    assert (rating.user_kind, rating.item_name, rating.rated_at) == ("organisation", "企业设立登记", RATED)
    assert privacy.unseal(rating.sealed)["phone"] == "13800001234"
    assert list(Rating.objects.values_list("reason_codes", flat=True)) == ["510"]


def test_an_anonymous_rating_keeps_neither_case_nor_person_nor_hour(case: Any) -> None:
    case("N1")
    take(Record(case_no="N1", level=1, rated_at=RATED))
    rating = Rating.objects.get()
    assert (rating.case_id, bytes(rating.sealed)) == (None, b"")
    assert rating.rated_at == datetime(2023, 5, 7, 16, tzinfo=UTC)
    assert not BadRating.objects.exists()
    assert not JournalEntry.objects.exists()


def test_many_anonymous_ratings_leave_one_line_with_counts_and_the_files_hash(case: Any) -> None:
    for n in range(5):
        case(f"N{n}")
    take(*(Record(case_no=f"N{n}", level=5, rated_at=RATED) for n in range(5)))
    entry = JournalEntry.objects.get()
    assert entry.event == "ratings.imported"
    body = bytes(entry.body).decode()
    assert '"created":5' in body
    assert "ab" * 32 in body


def test_the_same_records_again_change_nothing(case: Any) -> None:
    case("N1")
    case("N2")
    batch = (named("N1", number="ZJ1"), Record(case_no="N2", level=4, rated_at=RATED))
    take(*batch)
    again = take(*batch)
    assert (again.created, again.known, again.refused) == (0, 2, 0)
    assert Rating.objects.count() == 2


def test_a_default_rating_stands_in_nobodys_way_and_opens_no_loop(case: Any) -> None:
    """It is the system's word: who rates afterwards is the first to rate, and both are kept."""
    case("N1")
    default = named("N1", 1, channel="7")
    assert take(default).created == 1
    assert not BadRating.objects.exists()
    assert take(named("N1", 5)).created == 1
    assert take(default, named("N1", 5)).known == 2
    assert sorted(Rating.objects.values_list("channel", "level")) == [("5", 5), ("7", 1)]


def test_a_second_rating_of_a_turn_is_refused_and_the_follow_up_is_taken(case: Any) -> None:
    case("N1")
    outcome = take(named("N1"), named("N1", 2), named("N1", 4, turn=2))
    assert (outcome.created, outcome.refused) == (2, 1)
    assert outcome.refusals == [intake.Refusal(3, "评价次数", intake.REPEATED)]


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (named("NONE"), "没有这件办件"),
        (
            Record(case_no="N1", level=5, rated_at=AT + timedelta(days=1)),
            "还没有到",
        ),
        (Record(case_no="N1", level=5, rated_at=RATED - timedelta(days=30)), "早于办件的收件"),
        (BadRecord("satisfaction", "没有填写。"), "没有填写"),
    ],
)
def test_a_row_that_cannot_be_taken_is_named_and_does_not_stop_the_others(
    case: Any, record: Record | BadRecord, reason: str
) -> None:
    case("N1")
    case("N2")
    outcome = take(record, named("N2"), None)
    assert (outcome.read, outcome.created, outcome.refused, outcome.not_rated) == (3, 1, 1, 1)
    assert outcome.refusals[0].row == 2
    assert reason in outcome.refusals[0].reason


def test_a_bad_rating_by_name_opens_its_loop_under_the_provinces_number(case: Any) -> None:
    case("N1")
    outcome = take(named("N1", 1, number="ZJ2023-7"))
    loop = BadRating.objects.get()
    assert (outcome.loops, loop.number, loop.received_at) == (1, "ZJ2023-7", AT)


def test_a_work_order_whose_case_is_not_here_goes_to_the_unit_that_it_names(office: make.Office) -> None:
    order = named("FAR", 2, number="ZJ9", unit_code=office.unit_b.code)
    assert take(order).created == 1
    assert BadRating.objects.get().department_id == office.unit_b.pk


def test_history_opens_loops_at_the_hour_of_the_rating_and_anonymous_ones_on_the_next_working_morning(
    case: Any,
) -> None:
    case("N1")
    case("N2")
    friday = datetime(2023, 4, 28, 8, tzinfo=UTC)
    Case.objects.update(received_on=friday.date(), received_at=friday)
    take(named("N1", 1), Record(case_no="N2", level=2, rated_at=friday), is_history=True)
    found = dict(BadRating.objects.values_list("rating__is_anonymous", "received_at"))
    assert found[False] == RATED
    # 29 April to 3 May 2023 are the holiday of Labour Day; 4 May is a working day
    assert found[True] == datetime(2023, 5, 3, 16, tzinfo=UTC)


def test_a_trial_writes_nothing(case: Any) -> None:
    case("N1")
    outcome = take(named("N1", 1), named("N1", 2), is_trial=True)
    assert (outcome.created, outcome.refused) == (1, 1)
    assert not Rating.objects.exists()
    assert not BadRating.objects.exists()


def test_only_who_exchanges_ratings_may_bring_them_in(office: make.Office) -> None:
    from xinfu.core.access import Role

    with pytest.raises(Forbidden):
        take(by=make.actor(Role.WINDOW_CLERK, office.unit_a))
