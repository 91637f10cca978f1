"""The loop of a bad rating: every state by every move, who judges, who is called, what leaves the statistics."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from tests import make
from tests.conftest import CHINA
from tests.ratings import loops
from xinfu.core import files, local
from xinfu.core.access import Role
from xinfu.core.models import JournalEntry
from xinfu.core.refusal import Forbidden, NotFound, Refused
from xinfu.ratings import actions
from xinfu.ratings.actions.loop_calls import draw, population_digest
from xinfu.ratings.flow import FLOW, Status
from xinfu.ratings.loop_local import PAUSES
from xinfu.ratings.models import BadRating, CallBackKind, Rating, SpotCheck
from xinfu.ratings.queries import loop as queries
from xinfu.ratings.queries import loop_inbox

AT = datetime(2023, 5, 18, 9, 0, tzinfo=CHINA)


def events() -> list[str]:
    return list(JournalEntry.objects.order_by("n").values_list("event", flat=True))


@pytest.mark.parametrize("state", Status)
@pytest.mark.parametrize("move", loops.MOVES)
def test_a_move_is_open_from_the_states_of_the_table_and_from_no_other(
    office: Any, state: Status, move: str
) -> None:
    loop = loops.loop(office, AT, state=state)
    due_on = loop.rectify_due_on + timedelta(days=1) if move == "extend" else None
    if state in FLOW[move].sources:
        done = actions.move_loop(loop=loop, move=move, note="理由", due_on=due_on, by=make.SYSTEM, at=AT)
        assert done.status == FLOW[move].target
        assert BadRating.objects.get(pk=loop.pk).status == FLOW[move].target
        step = done.steps.get(move=move, source=state)
        assert (step.move, step.source, step.target) == (move, state, FLOW[move].target)
        assert events()[-1].startswith("bad_rating.")
    else:
        with pytest.raises(Refused, match="当前状态是"):
            actions.move_loop(loop=loop, move=move, note="理由", due_on=due_on, by=make.SYSTEM, at=AT)
        assert BadRating.objects.get(pk=loop.pk).status == state


def test_a_rating_of_level_three_opens_no_loop(office: Any) -> None:
    with pytest.raises(Refused, match="才进入差评处置"):
        actions.open_loop(rating=loops.rating(office, AT, level=3), by=make.SYSTEM, at=AT)


def test_a_loop_opens_once_and_begins_with_its_terms(office: Any) -> None:
    rating = loops.rating(office, AT)
    first = actions.open_loop(rating=rating, by=make.SYSTEM, at=AT)
    assert actions.open_loop(rating=rating, by=make.SYSTEM, at=AT + timedelta(days=3)) == first
    assert (first.verify_due_on.isoformat(), first.rectify_due_on.isoformat()) == ("2023-05-19", "2023-06-08")
    assert (first.triage, first.department, first.judge) == ("clock", office.unit_a, office.appraisal)
    assert events() == ["bad_rating.opened"]


def test_a_work_order_of_the_province_keeps_its_number(office: Any) -> None:
    rating = loops.rating(office, AT, origin="exchange", province_no="ZJ-2023-77")
    assert actions.open_loop(rating=rating, by=make.SYSTEM, at=AT).number == "ZJ-2023-77"


def test_the_second_judge_steps_in_where_the_first_is_in_charge(office: Any) -> None:
    loop = loops.loop(office, AT, department=office.appraisal, state=Status.APPEALED)
    assert loop.judge == office.general
    first, second = make.actor(Role.APPRAISAL, office.appraisal), make.actor(Role.GENERAL, office.general)
    with pytest.raises(Refused, match="承办单位不能审核自己的差评"):
        actions.move_loop(loop=loop, move="uphold", note="属实", by=first, at=AT)
    assert loop_inbox.todos(second, AT)
    done = actions.move_loop(loop=loop, move="uphold", note="属实", by=second, at=AT)
    assert done.status == Status.INVALID


def test_whom_the_county_names_judges_and_nobody_for_it(office: Any) -> None:
    local.set_rule(
        code="ratings.judge_first",
        since=AT.date(),
        value=office.unit_b.name,
        source="办公会",
        by=make.SYSTEM,
        at=AT,
    )
    loop = loops.loop(office, AT, state=Status.APPEALED)
    assert loop.judge == office.unit_b
    section = make.actor(Role.APPRAISAL, office.appraisal)
    with pytest.raises(Refused, match="请由该单位办理"):
        actions.move_loop(loop=loop, move="reject", note="不属实", by=section, at=AT)
    assert not loop_inbox.todos(section, AT)


def test_a_unit_above_the_one_in_charge_is_no_other_department(office: Any) -> None:
    below = make.department("XC-SC-1", "市场监管所", office.unit_a.kind, office.unit_a)
    local.set_rule(
        code="ratings.judge_first",
        since=AT.date(),
        value=office.unit_a.name,
        source="办公会",
        by=make.SYSTEM,
        at=AT,
    )
    assert loops.loop(office, AT, department=below).judge == office.general


def test_the_county_names_its_own_judges_and_may_have_none(office: Any) -> None:
    for code in ("ratings.judge_first", "ratings.judge_second"):
        local.set_rule(code=code, since=AT.date(), value="", source="办公会", by=make.SYSTEM, at=AT)
    loop = loops.loop(office, AT)
    assert loop.judge is None
    with pytest.raises(Refused, match="没有设定可审核"):
        actions.move_loop(loop=loop, move="appeal", note="不实", by=make.SYSTEM, at=AT)


def test_nobody_can_make_the_owner_the_judge(office: Any) -> None:
    loop = loops.loop(office, AT)
    with pytest.raises(IntegrityError), transaction.atomic():
        BadRating.objects.filter(pk=loop.pk).update(judge=office.unit_a)


def test_the_handler_cannot_judge_and_another_units_liaison_cannot_either(office: Any) -> None:
    loop = loops.loop(office, AT, state=Status.APPEALED)
    own = make.actor(Role.UNIT_LIAISON, office.unit_a)
    other = make.actor(Role.UNIT_LIAISON, office.unit_b)
    judge = make.actor(Role.APPRAISAL, office.appraisal)
    with pytest.raises(Refused, match="承办单位不能审核自己的差评"):
        actions.move_loop(loop=loop, move="uphold", note="成立", by=own, at=AT)
    with pytest.raises(Refused, match="由考评科审核"):
        actions.move_loop(loop=loop, move="uphold", note="成立", by=other, at=AT)
    actions.move_loop(loop=loop, move="uphold", note="成立", by=judge, at=AT)


def test_another_unit_neither_handles_nor_sees_a_loop(office: Any) -> None:
    loop = loops.loop(office, AT)
    other = make.actor(Role.WINDOW_CHIEF, office.unit_b)
    with pytest.raises(Refused, match="由县市场监管局承办"):
        actions.move_loop(loop=loop, move="accept", by=other, at=AT)
    with pytest.raises(NotFound):
        queries.get_loop(other, loop.rating.code)


def test_an_upheld_appeal_leaves_the_statistics_from_then_on(office: Any) -> None:
    loop = loops.loop(office, AT, state=Status.APPEALED)
    later = AT + timedelta(days=1)
    actions.move_loop(loop=loop, move="uphold", note="误评", by=make.SYSTEM, at=later)
    loop.refresh_from_db()
    assert Rating.objects.get(pk=loop.rating_id).excluded_at == later
    assert (loop.finished_at, loop.finished_on) == (later, later.date())


@pytest.mark.parametrize(
    ("state", "move"),
    [
        (Status.OPEN, "accept"),
        (Status.OPEN, "appeal"),
        (Status.RECTIFYING, "finish"),
        (Status.RECTIFYING, "cannot"),
    ],
)
def test_who_rated_by_name_is_called_before_the_loop_goes_on(office: Any, state: Status, move: str) -> None:
    loop = loops.loop(office, AT, called=False)
    BadRating.objects.filter(pk=loop.pk).update(status=state)  # as one of before the rule, or of an exchange
    loop.refresh_from_db()
    with pytest.raises(Refused, match="请先登记回访"):
        actions.move_loop(loop=loop, move=move, note="好了", by=make.SYSTEM, at=AT)
    loops.call(loop, AT)
    actions.move_loop(loop=loop, move=move, note="好了", by=make.SYSTEM, at=AT)


def test_an_anonymous_rating_cannot_be_called_and_needs_no_call(office: Any) -> None:
    loop = loops.loop(office, AT, named=False)
    with pytest.raises(Refused, match="匿名评价，没有留下联系方式"):
        loops.call(loop, AT)
    with pytest.raises(Refused, match="匿名评价"):
        actions.show_phone(loop=loop, by=make.SYSTEM, at=AT)
    loops.loop(office, AT, named=False, state=Status.RECTIFIED)


def test_after_the_countys_number_of_tries_a_person_counts_as_called(office: Any) -> None:
    loop = loops.loop(office, AT, called=False)
    for _ in range(2):
        loops.call(loop, AT, reached=False)
        assert BadRating.objects.get(pk=loop.pk).called_back_at is None
    loops.call(loop, AT, reached=False)
    assert BadRating.objects.get(pk=loop.pk).called_back_at == AT


def test_the_telephone_is_shown_to_the_handler_and_the_journal_keeps_who_asked(office: Any) -> None:
    loop = loops.loop(office, AT)
    chief = make.actor(Role.WINDOW_CHIEF, office.unit_a)
    assert actions.show_phone(loop=loop, by=chief, at=AT) == ("章明明", "13800001234")
    entry = JournalEntry.objects.latest("n")
    assert (entry.event, entry.by) == ("bad_rating.phone_shown", chief.key)
    assert "13800001234" not in bytes(entry.body).decode()
    with pytest.raises(Forbidden):
        actions.show_phone(loop=loop, by=make.actor(Role.WINDOW_CHIEF, office.unit_b), at=AT)


def test_a_note_is_needed_and_has_at_most_three_hundred_characters(office: Any) -> None:
    loop = loops.loop(office, AT)
    with pytest.raises(Refused, match="请写明理由") as none:
        actions.move_loop(loop=loop, move="appeal", note=" ", by=make.SYSTEM, at=AT)
    assert none.value.field == "note"
    with pytest.raises(Refused, match="最多300字，现有301字"):
        actions.move_loop(loop=loop, move="appeal", note="长" * 301, by=make.SYSTEM, at=AT)
    actions.move_loop(loop=loop, move="appeal", note="长" * 300, by=make.SYSTEM, at=AT)


def test_attachments_are_ones_own_of_known_kinds_and_few(office: Any) -> None:
    loop = loops.loop(office, AT, state=Status.RECTIFYING)
    chief = make.actor(Role.WINDOW_CHIEF, office.unit_a)
    picture = files.store([b"\x89PNG\r\n\x1a\n1"], name="a.png", by=chief, at=AT)
    foreign = files.store([b"\x89PNG\r\n\x1a\n1"], name="a.png", by=make.SYSTEM, at=AT)
    script = files.store([b"<script>"], name="a.html", by=chief, at=AT)
    for wrong, why in (([script], "不是 PDF"), ([picture] * 6, "最多5个"), ([foreign], "本人上传")):
        with pytest.raises(Refused, match=why):
            actions.move_loop(loop=loop, move="finish", note="好了", files=wrong, by=chief, at=AT)
    done = actions.move_loop(loop=loop, move="finish", note="好了", files=[picture], by=chief, at=AT)
    assert [f.name for f in queries.attachments(done)] == ["a.png"]


def test_a_term_is_put_off_once_before_it_ends_and_by_no_more_than_allowed(office: Any) -> None:
    loop = loops.loop(office, AT, state=Status.RECTIFYING)
    due = loop.rectify_due_on
    for wrong, why in ((None, "请填延期"), (due, "须晚于原期限"), (due + timedelta(days=60), "最多延期到")):
        with pytest.raises(Refused, match=why):
            actions.move_loop(loop=loop, move="extend", note="待补", due_on=wrong, by=make.SYSTEM, at=AT)
    late = AT + timedelta(days=40)
    with pytest.raises(Refused, match="延期须在期限届满前提出"):
        actions.move_loop(loop=loop, move="extend", note="待补", due_on=late.date(), by=make.SYSTEM, at=late)
    wanted = due + timedelta(days=5)
    actions.move_loop(loop=loop, move="extend", note="待补", due_on=wanted, by=make.SYSTEM, at=AT)
    loop.refresh_from_db()
    assert (loop.rectify_due_on, loop.is_extended) == (wanted, True)
    with pytest.raises(Refused, match="只能延期一次"):
        actions.move_loop(loop=loop, move="extend", note="再延", due_on=wanted, by=make.SYSTEM, at=AT)


def test_a_rejected_appeal_is_rectified_within_the_term_from_the_day_of_rejection(office: Any) -> None:
    loop = loops.loop(office, AT, state=Status.APPEALED)
    later = datetime(2023, 6, 1, 9, 0, tzinfo=CHINA)
    done = actions.move_loop(loop=loop, move="reject", note="属实", by=make.SYSTEM, at=later)
    # 22 to 24 June are the Dragon Boat holiday, Sunday the 25th is worked.
    assert done.rectify_due_on.isoformat() == "2023-06-25"
    local.set_rule(
        code="ratings.rejected_appeal", since=AT.date(), value="run", source="办公会", by=make.SYSTEM, at=AT
    )
    other = loops.loop(office, AT, state=Status.APPEALED)
    done = actions.move_loop(loop=other, move="reject", note="属实", by=make.SYSTEM, at=later)
    assert done.rectify_due_on.isoformat() == "2023-06-08"


def test_the_office_hands_a_misplaced_bad_rating_to_the_unit_in_charge(office: Any) -> None:
    loop = loops.loop(office, AT, called=False)
    judge = make.actor(Role.APPRAISAL, office.appraisal)
    with pytest.raises(Forbidden):
        actions.hand_over(
            loop=loop, department_id=office.unit_b.pk, note="误派",
            by=make.actor(Role.WINDOW_CHIEF, office.unit_a), at=AT,
        )  # fmt: skip
    with pytest.raises(Refused, match="已由县市场监管局承办"):
        actions.hand_over(loop=loop, department_id=office.unit_a.pk, note="误派", by=judge, at=AT)
    done = actions.hand_over(loop=loop, department_id=office.unit_b.pk, note="误派", by=judge, at=AT)
    assert done.department == office.unit_b
    loops.call(done, AT)
    done = actions.move_loop(loop=done, move="accept", by=make.SYSTEM, at=AT)
    with pytest.raises(Refused, match="不能转办"):
        actions.hand_over(loop=done, department_id=office.unit_a.pk, note="误派", by=judge, at=AT)


# --- the clock -----------------------------------------------------------------------------------


def test_anonymous_bad_ratings_open_on_the_next_working_day_at_its_beginning(office: Any) -> None:
    friday = datetime(2023, 5, 19, 15, 0, tzinfo=CHINA)
    for _ in range(3):
        loops.rating(office, friday, named=False)
    loops.rating(office, friday, named=False, level=4)
    loops.rating(office, friday, named=False, channel="7")  # a default rating is nobody's complaint
    assert actions.open_anonymous(by=make.SYSTEM, at=friday.replace(hour=23)) == 0
    assert actions.open_anonymous(by=make.SYSTEM, at=datetime(2023, 5, 20, 0, 10, tzinfo=CHINA)) == 0
    monday = datetime(2023, 5, 22, 0, 10, tzinfo=CHINA)
    assert actions.open_anonymous(by=make.SYSTEM, at=monday) == 3
    assert actions.open_anonymous(by=make.SYSTEM, at=monday) == 0
    assert {row.received_at for row in BadRating.objects.order_by("pk")} == {monday.replace(minute=0)}
    codes = list(BadRating.objects.order_by("pk").values_list("rating__code", flat=True))
    assert codes == sorted(codes)


def test_a_term_is_warned_of_once_and_then_raised_unit_by_unit(office: Any) -> None:
    loop = loops.loop(office, AT, state=Status.RECTIFYING, department=office.village)  # due 8 June

    def watch(month: int, day: int) -> tuple[int, int]:
        return actions.watch(by=make.SYSTEM, at=datetime(2023, month, day, 8, 25, tzinfo=CHINA))

    assert [watch(6, 2), watch(6, 5), watch(6, 6), watch(6, 8)] == [(0, 0), (1, 0), (0, 0), (0, 0)]
    assert watch(6, 9) == (0, 1)
    assert BadRating.objects.get(pk=loop.pk).raised_to == office.town_a
    assert [watch(6, 9), watch(6, 12), watch(6, 13)] == [(0, 0), (0, 0), (0, 0)]
    assert watch(6, 14) == (0, 1)
    assert BadRating.objects.get(pk=loop.pk).raised_to == office.root
    assert watch(7, 14) == (0, 0)
    assert [s.move for s in loop.steps.order_by("at", "pk")] == ["accept", "warn", "raise", "raise"]
    town = make.actor(Role.TOWN_CLERK, office.town_a)
    assert "督办" not in {t.verb for t in loop_inbox.todos(town, AT + timedelta(days=40))}
    chief = make.actor(Role.APPRAISAL, office.appraisal)
    assert "督办" in {t.verb for t in loop_inbox.todos(chief, AT + timedelta(days=40))}


def test_an_unverified_bad_rating_is_raised_the_day_after_its_first_term(office: Any) -> None:
    loop = loops.loop(office, AT, called=False)
    assert actions.watch(by=make.SYSTEM, at=datetime(2023, 5, 19, 8, 25, tzinfo=CHINA)) == (0, 0)
    assert actions.watch(by=make.SYSTEM, at=datetime(2023, 5, 22, 8, 25, tzinfo=CHINA)) == (0, 1)
    assert BadRating.objects.get(pk=loop.pk).raised_to == office.root


def test_a_judge_has_a_term_with_a_light_and_who_is_late_is_told_above(office: Any) -> None:
    loop = loops.loop(office, AT, state=Status.APPEALED, department=office.village)
    assert loop.judge_due_on == loop.due_on == date(2023, 5, 23)
    assert loop.steps.get(move="appeal").due_on == date(2023, 5, 23)

    def day(number: int) -> datetime:
        return datetime(2023, 5, number, 8, 25, tzinfo=CHINA)

    def light(number: int) -> str:
        now = queries.now(day(number))
        found = queries.light_of(BadRating.objects.get(pk=loop.pk), now)
        kept = {
            one for one in ("ok", "warn", "bad") if BadRating.objects.filter(queries.lit(one, now)).exists()
        }
        assert kept == {found}
        return found.value

    assert [light(n) for n in (18, 22, 23, 24)] == ["ok", "ok", "warn", "bad"]
    assert [actions.watch(by=make.SYSTEM, at=day(n)) for n in (22, 23, 24, 24)] == [
        (0, 0),
        (0, 0),
        (0, 1),
        (0, 0),
    ]
    assert BadRating.objects.get(pk=loop.pk).raised_to == office.root
    assert (
        loop.steps.get(move="raise").note
        == f"{office.appraisal}审核已超期，提请{office.root.short_name}督办。"
    )
    leader, section = make.actor(Role.LEADER, office.root), make.actor(Role.APPRAISAL, office.appraisal)
    assert [t.verb for t in loop_inbox.todos(leader, day(24))] == ["督办"]
    assert [t.verb for t in loop_inbox.todos(section, day(24))] == ["审核"], "nobody supervises the own delay"
    actions.move_loop(loop=loop, move="reject", note="属实", by=section, at=day(25))
    after = BadRating.objects.get(pk=loop.pk)
    assert (after.raised_to, after.due_on) == (None, after.rectify_due_on)
    assert loop_inbox.todos(leader, day(25)) == []


def test_the_owner_is_not_late_while_another_unit_judges_and_is_told_of_anew_afterwards(office: Any) -> None:
    loop = loops.loop(office, AT, state=Status.RECTIFYING)  # due 8 June
    actions.watch(by=make.SYSTEM, at=datetime(2023, 6, 9, 8, 25, tzinfo=CHINA))
    asked = datetime(2023, 6, 9, 9, 0, tzinfo=CHINA)
    actions.move_loop(loop=loop, move="cannot", note="没有条件", by=make.SYSTEM, at=asked)
    row = BadRating.objects.get(pk=loop.pk)
    assert (row.raised_to, row.due_on) == (None, date(2023, 6, 14))
    assert actions.watch(by=make.SYSTEM, at=datetime(2023, 6, 13, 8, 25, tzinfo=CHINA)) == (0, 0)
    actions.move_loop(loop=loop, move="refuse", note="有条件", by=make.SYSTEM, at=asked + timedelta(days=4))
    assert actions.watch(by=make.SYSTEM, at=datetime(2023, 6, 14, 8, 25, tzinfo=CHINA)) == (0, 1)
    assert BadRating.objects.get(pk=loop.pk).raised_to == office.root
    leader, section = make.actor(Role.LEADER, office.root), make.actor(Role.APPRAISAL, office.appraisal)
    assert loop_inbox.todos(leader, asked + timedelta(days=5)) == []
    assert [t.verb for t in loop_inbox.todos(section, asked + timedelta(days=5))] == ["督办"]


def test_who_asked_in_time_is_not_late_by_the_judges_days(office: Any) -> None:
    """Due 8 June, asked on that day, allowed on the 12th: in time; asked on the 9th: too late."""
    for day, light in ((8, "done"), (9, "late")):
        loop = loops.loop(office, AT, state=Status.RECTIFYING)
        asked = datetime(2023, 6, day, 9, 0, tzinfo=CHINA)
        actions.move_loop(loop=loop, move="cannot", note="没有条件", by=make.SYSTEM, at=asked)
        decided = datetime(2023, 6, 12, 9, 0, tzinfo=CHINA)
        actions.move_loop(loop=loop, move="allow", note="同意", by=make.SYSTEM, at=decided)
        row = BadRating.objects.get(pk=loop.pk)
        assert queries.light_of(row, queries.now(decided)) == light, day


@pytest.mark.parametrize(
    ("asked", "rule", "due", "why"),
    [
        (6, "pause", "2023-06-14", "two working days were left on the 6th, and are from the 12th"),
        (8, "pause", "2023-06-13", "asked on the last day: one day is left"),
        (9, "pause", "2023-06-08", "the term had passed"),
        (6, "run", "2023-06-08", "the county counts on"),
    ],
)
def test_the_term_stands_still_while_another_unit_judges(
    office: Any, asked: int, rule: str, due: str, why: str
) -> None:
    local.set_rule(code=PAUSES, since=AT.date(), value=rule, source="办公会", by=make.SYSTEM, at=AT)
    loop = loops.loop(office, AT, state=Status.RECTIFYING)  # due 8 June
    at = datetime(2023, 6, asked, 9, 0, tzinfo=CHINA)
    actions.move_loop(loop=loop, move="cannot", note="没有条件", by=make.SYSTEM, at=at)
    decided = datetime(2023, 6, 12, 9, 0, tzinfo=CHINA)
    actions.move_loop(loop=loop, move="refuse", note="有条件", by=make.SYSTEM, at=decided)
    assert BadRating.objects.get(pk=loop.pk).rectify_due_on.isoformat() == due, why


# --- the inbox -----------------------------------------------------------------------------------


def test_each_finds_in_the_inbox_what_waits_for_the_own_unit(office: Any) -> None:
    loops.loop(office, AT)
    loops.loop(office, AT, state=Status.APPEALED)
    chief = make.actor(Role.WINDOW_CHIEF, office.unit_a)
    judge = make.actor(Role.APPRAISAL, office.appraisal)
    other = make.actor(Role.WINDOW_CHIEF, office.unit_b)
    assert [t.verb for t in loop_inbox.todos(chief, AT)] == ["核实", "查看"]
    assert [t.verb for t in loop_inbox.todos(judge, AT)] == ["审核"]
    assert loop_inbox.todos(other, AT) == []
    assert [t.verb for t in loop_inbox.todos(chief, AT.replace(hour=8))] == ["核实"], "no sheet before 8:30"


# --- spot checks ---------------------------------------------------------------------------------


def test_a_draw_is_computed_anew_from_its_seed_and_population(office: Any) -> None:
    done = [loops.loop(office, AT, state=Status.RECTIFIED) for _ in range(6)]
    loops.loop(office, AT, state=Status.RECTIFIED, named=False)
    by = make.actor(Role.APPRAISAL, office.appraisal)
    check = actions.draw_spot_check(first_on=AT.date(), last_on=AT.date(), size=3, seed="s1", by=by, at=AT)
    numbers = [loop.number for loop in done]
    assert (check.population, check.population_digest) == (6, population_digest(numbers))
    assert [row.loop.number for row in check.drawn.order_by("place")] == draw(numbers, "s1", 3)
    with pytest.raises(Refused, match="已用过"):
        actions.draw_spot_check(first_on=AT.date(), last_on=AT.date(), size=3, seed="s1", by=by, at=AT)
    chosen = check.drawn.get(place=1).loop
    actions.call_back(loop=chosen, kind=CallBackKind.SPOT, is_reached=True, said="满意", by=by, at=AT)
    assert queries.drawn(SpotCheck.objects.get())[0][2] == "满意"
    rest = next(loop for loop in done if not loop.spot_checks.exists())
    with pytest.raises(Refused, match="没有被抽中"):
        actions.call_back(loop=rest, kind=CallBackKind.SPOT, is_reached=True, said="好", by=by, at=AT)


def test_a_draw_refuses_what_cannot_be_drawn(office: Any) -> None:
    by = make.actor(Role.APPRAISAL, office.appraisal)
    day = AT.date()
    for values, why in (
        ({"last_on": day - timedelta(days=1)}, "不能早于"),
        ({"size": 0}, "1到200"),
        ({}, "没有可以抽查"),
    ):
        asked: dict[str, Any] = {"first_on": day, "last_on": day, "size": 3, "seed": "x", **values}
        with pytest.raises(Refused, match=why):
            actions.draw_spot_check(**asked, by=by, at=AT)
    with pytest.raises(Forbidden):
        actions.draw_spot_check(
            first_on=day,
            last_on=day,
            size=1,
            seed="x",
            by=make.actor(Role.WINDOW_CHIEF, office.unit_a),
            at=AT,
        )


@pytest.mark.parametrize("many", [1, 3, 8, 70])
def test_an_inbox_names_the_first_and_counts_the_rest_however_many_wait(office: Any, many: int) -> None:
    """Three kinds wait at once: to handle, to judge, raised from below; what fits is read by one statement."""
    for _ in range(many):
        loops.loop(office, AT)
        loops.loop(office, AT, state=Status.APPEALED)
    chief = make.actor(Role.WINDOW_CHIEF, office.unit_a)
    judge = make.actor(Role.APPRAISAL, office.appraisal)
    for who, word in ((chief, "待处置"), (judge, "待审核")):
        found = [todo for todo in loop_inbox.todos(who, AT) if todo.kind != "差评处置单"]
        named = [todo for todo in found if todo.count == 1 and word not in todo.title]
        counted = [todo.title for todo in found if word in todo.title]
        assert len(named) == min(many, 5), who
        assert counted == ([f"{many}件差评{word}"] if many > 5 else [])
    with CaptureQueriesContext(connection) as asked:
        loop_inbox.todos(chief, AT)
    assert sum('FROM "ratings_badrating"' in q["sql"] for q in asked) == (1 if many <= 60 else 7)
