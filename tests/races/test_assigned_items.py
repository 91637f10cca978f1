"""Two connections at once: an item has one owner, one end; a decision becomes one item; a meeting one notice."""

from __future__ import annotations

from tests import make
from tests.assignments import gatherings, items
from tests.assignments.gatherings import AFTER, BEFORE
from tests.assignments.items import AT
from tests.races.test_papers import together
from xinfu.assignments import actions
from xinfu.assignments.flow import MeetingStatus, Status
from xinfu.assignments.models import Decision, Item
from xinfu.core.refusal import Refused
from xinfu.papers.models import Paper
from xinfu.reports.meeting_papers import draft_meeting_paper


def refused(answers: list[object]) -> list[Refused]:
    return [answer for answer in answers if isinstance(answer, Refused)]


def test_an_item_is_not_taken_over_and_reported_at_once() -> None:
    county = make.office()
    item = items.item(county, state=Status.IN_WORK)
    actions.ask_transfer(item=item, department=county.unit_b, note="职责", by=items.doer(county), at=AT)
    done = together(
        lambda: actions.answer_transfer(item=item, agree=True, by=items.doer(county, county.unit_b), at=AT),
        lambda: actions.move_item(item=item, move="report", note="办完", by=items.doer(county), at=AT),
    )
    assert len(refused(done)) == 1
    item.refresh_from_db()
    assert (item.department, item.status) == (county.unit_b, Status.IN_WORK)


def test_of_two_answers_to_one_transfer_one_counts() -> None:
    county = make.office()
    item = items.item(county, state=Status.IN_WORK)
    actions.ask_transfer(item=item, department=county.unit_b, note="职责", by=items.doer(county), at=AT)
    taker = items.doer(county, county.unit_b)
    done = together(
        lambda: actions.answer_transfer(item=item, agree=True, by=taker, at=AT),
        lambda: actions.answer_transfer(item=item, agree=False, note="不属本局", by=taker, at=AT),
    )
    assert [one.code for one in refused(done)] == ["not_asked"]
    assert Item.objects.get().steps.filter(move="answer_transfer").count() == 1


def test_of_two_confirmations_one_counts_and_the_other_is_told() -> None:
    county = make.office()
    item = items.item(county, state=Status.REPORTED)
    done = together(
        *(
            lambda by=by: actions.move_item(item=item, move="confirm", by=by, at=AT)
            for by in (items.giver(county), items.giver(county))
        )
    )
    assert "当前状态是“已办结”" in refused(done)[0].reason
    assert item.steps.filter(move="confirm").count() == 1


def test_an_item_split_twice_at_once_has_both_parts_and_waits_for_both() -> None:
    county = make.office()
    item = items.item(county, state=Status.IN_WORK)
    by = items.doer(county)
    done = together(
        *(
            lambda unit=unit: actions.split(
                item=item, title="分头办", department=unit, due_on=items.DUE, by=by, at=AT
            )
            for unit in (county.unit_b, county.town_a)
        )
    )
    assert not refused(done)
    assert item.parts.count() == item.steps.filter(move="split").count() == 2


def test_a_part_is_not_split_off_an_item_that_is_reported_at_once() -> None:
    county = make.office()
    item = items.item(county, state=Status.IN_WORK)
    by = items.doer(county)
    done = together(
        lambda: actions.split(
            item=item, title="分头办", department=county.unit_b, due_on=items.DUE, by=by, at=AT
        ),
        lambda: actions.move_item(item=item, move="report", note="办完", by=by, at=AT),
    )
    assert len(refused(done)) == 1
    item.refresh_from_db()
    assert (item.status == Status.REPORTED) != item.parts.exists()


def test_of_two_who_give_one_decision_one_item_comes_and_the_other_is_told_who() -> None:
    county = make.office()
    by, colleague = gatherings.caller(county), gatherings.caller(county)
    found = gatherings.meeting(county, state=MeetingStatus.HELD, by=by)
    decided = gatherings.decision(county, found, by)
    done = together(
        lambda: actions.give_decision(decision=decided, by=by, at=AFTER),
        lambda: actions.give_all(meeting=found, by=colleague, at=AFTER),
    )
    told = refused(done)
    assert [one.code for one in told] in (["given_already"], ["nothing_to_give"])
    assert Item.objects.count() == 1
    assert Decision.objects.get().item == Item.objects.get()


def test_a_meeting_is_not_closed_while_a_decision_is_being_written() -> None:
    county = make.office()
    by = gatherings.caller(county)
    found = gatherings.meeting(county, state=MeetingStatus.HELD, by=by)
    gatherings.everyone_came(found, by)
    done = together(
        lambda: gatherings.decision(county, found, by),
        lambda: actions.move_meeting(meeting=found, move="close", by=by, at=AFTER),
    )
    assert len(refused(done)) == 1
    found.refresh_from_db()
    assert (found.status == MeetingStatus.CLOSED) != Decision.objects.exists()


def test_two_clicks_on_one_notice_make_one_paper() -> None:
    county = make.office()
    by = gatherings.caller(county)
    found = gatherings.meeting(county, by=by)
    done = together(
        *(lambda: draft_meeting_paper(meeting=found, kind="notice", by=by, at=BEFORE) for _ in range(2))
    )
    assert not refused(done)
    assert Paper.objects.count() == 1
