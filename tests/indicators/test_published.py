"""A league table is published under a name, frozen, corrected in the open, withdrawn with a reason."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client

from tests import make
from xinfu.cases import actions as cases
from xinfu.core import local as local_rules
from xinfu.core.access import Role
from xinfu.core.actor import Actor
from xinfu.core.models import JournalEntry
from xinfu.core.refusal import Forbidden, NotFound, Refused
from xinfu.indicators import actions, local, queries
from xinfu.indicators.flow import FLOW, Status
from xinfu.indicators.models import PublishedLine, PublishedTable, SnapshotPin

FRM, TO = date(2023, 5, 1), date(2023, 5, 31)
BOARD = {"frm": "2023-05-01", "to": "2023-05-31", "grain": "department", "by": "one_net_rate"}
URL = "/indicators/published/"


@pytest.fixture(autouse=True)
def _demo_day(settings: Any, now: datetime) -> None:
    settings.DEMO_DAY = now.date()


def push(unit: Any, total: int, unified: int, now: datetime, start: int = 0) -> None:
    rows = [
        {
            "case_no": f"{unit.code}{n:04}", "item_name": "企业设立登记", "department": unit.code, "channel": "2",
            "is_unified": n - start < unified, "is_unified_item": True, "received_at": "2023-05-10T09:00:00+08:00",
            "accepted_at": "2023-05-10T10:00:00+08:00", "finished_at": "2023-05-11T10:00:00+08:00",
            "promise_days": 2, "project_type": "2", "state": "finished", "finish_kind": "0",
        }
        for n in range(start, start + total)
    ]  # fmt: skip
    assert cases.push_cases(records=rows, by=make.SYSTEM, at=now).created == total


@pytest.fixture
def county(office: make.Office, now: datetime) -> make.Office:
    """Unit A: 6 of 8, unit B: 7 of 8, township A: 2 of 3 (too few to rank)."""
    local_rules.set_rule(
        code=local.MIN_CASES, since=FRM, value=5, source="县办〔2023〕1号", by=make.SYSTEM, at=now
    )
    push(office.unit_a, 8, 6, now)
    push(office.unit_b, 8, 7, now)
    push(office.town_a, 3, 2, now)
    actions.precompute(by=make.SYSTEM, at=now)
    return office


@pytest.fixture
def general(county: make.Office) -> Actor:
    return make.actor(Role.GENERAL, county.root, "周科长")


def prepare(by: Actor, at: datetime) -> PublishedTable:
    return actions.prepare_table(indicator="one_net_rate", frm=FRM, to=TO, grain="department", by=by, at=at)


def publish(by: Actor, at: datetime) -> PublishedTable:
    return actions.publish_table(table=prepare(by, at), by=by, at=at)


def said(table: PublishedTable) -> list[tuple[str, int | None, str]]:
    return [(one.line.label, one.line.rank, one.line.value) for one in queries.published_lines(table).lines]


def line_of(table: PublishedTable, label: str) -> PublishedLine:
    return table.lines.get(label=label, is_latest=True)


def events() -> list[str]:
    found = JournalEntry.objects.filter(event__startswith="indicators.table_").order_by("n")
    return [event.removeprefix("indicators.table_") for event in found.values_list("event", flat=True)]


# --- publishing -----------------------------------------------------------------------------------------


def test_what_was_previewed_is_what_is_published_whatever_comes_in_later(
    county: make.Office, general: Actor, now: datetime
) -> None:
    draft = prepare(general, now)
    previewed = said(draft)
    assert previewed == [
        ("县人力社保局", 1, "87.50"),
        ("县市场监管局", 2, "75.00"),
        ("南明街道", None, "66.67"),
    ]
    push(county.unit_a, 8, 8, now, start=100)
    actions.precompute(by=make.SYSTEM, at=now + timedelta(hours=1))
    assert not queries.is_present(draft)
    table = actions.publish_table(table=draft, by=general, at=now)
    assert said(table) == previewed
    assert (table.status, table.published_by, table.published_at) == (Status.PUBLISHED, "周科长", now)
    assert events() == ["prepared", "published"]


def test_a_published_tables_snapshot_is_kept(general: Actor, now: datetime) -> None:
    table = publish(general, now)
    pin = SnapshotPin.objects.get()
    assert (pin.snapshot, pin.subject) == (table.snapshot, f"indicators.PublishedTable:{table.pk}")


def test_preparing_the_same_table_twice_is_one_draft(general: Actor, now: datetime) -> None:
    assert prepare(general, now) == prepare(general, now + timedelta(minutes=1))
    assert events() == ["prepared"]


def test_of_two_who_press_at_once_one_wins_and_the_other_is_told_who(
    county: make.Office, general: Actor, now: datetime
) -> None:
    other = make.actor(Role.GENERAL, county.root, "李科员")
    seen_by_both = prepare(general, now)
    actions.publish_table(table=seen_by_both, by=general, at=now)
    with pytest.raises(Refused, match="周科长已于 2023-05-18 09:00 公布了这张榜") as refused:
        actions.publish_table(table=seen_by_both, by=other, at=now)
    assert refused.value.code == "already_published"
    assert PublishedTable.objects.get().published_by == "周科长"
    assert events() == ["prepared", "published"]


def test_the_same_board_of_newer_data_is_not_published_beside_the_first(
    county: make.Office, general: Actor, now: datetime
) -> None:
    publish(general, now)
    push(county.unit_a, 8, 8, now, start=100)
    actions.precompute(by=make.SYSTEM, at=now)
    second = prepare(general, now)
    with pytest.raises(Refused, match=r"周科长已于 .* 公布了同一指标、同一期间的榜"):
        actions.publish_table(table=second, by=general, at=now)
    second.refresh_from_db()
    assert second.status == Status.DRAFT


def test_nothing_counted_is_nothing_to_publish(general: Actor, now: datetime) -> None:
    with pytest.raises(Refused, match="没有可排的记录"):
        actions.prepare_table(
            indicator="one_net_rate", frm=date(2022, 1, 1), to=date(2022, 1, 31), grain="department",
            by=general, at=now,
        )  # fmt: skip
    assert not PublishedTable.objects.exists()


def test_a_draft_whose_snapshot_is_gone_is_not_published(general: Actor, now: datetime) -> None:
    draft = prepare(general, now)
    PublishedTable.objects.filter(pk=draft.pk).update(snapshot="0" * 64)
    with pytest.raises(Refused, match="快照已不在"):
        actions.publish_table(table=draft, by=general, at=now)
    draft.refresh_from_db()
    assert draft.status == Status.DRAFT


def test_a_discarded_draft_stays_discarded(general: Actor, now: datetime) -> None:
    draft = prepare(general, now)
    actions.discard_table(table=draft, by=general, at=now)
    with pytest.raises(Refused, match="已放弃"):
        actions.publish_table(table=draft, by=general, at=now)
    assert events() == ["prepared", "discarded"]
    fresh = publish(general, now)
    assert fresh.pk != draft.pk
    with pytest.raises(Refused, match="周科长已于"):
        actions.discard_table(table=fresh, by=general, at=now)


def test_only_those_who_may_publish_do_any_of_it(county: make.Office, general: Actor, now: datetime) -> None:
    clerk = make.actor(Role.LEADER, county.root)
    draft = prepare(general, now)
    table = draft
    with pytest.raises(Forbidden):
        prepare(clerk, now)
    with pytest.raises(Forbidden):
        actions.publish_table(table=draft, by=clerk, at=now)
    with pytest.raises(Forbidden):
        actions.discard_table(table=draft, by=clerk, at=now)
    with pytest.raises(Forbidden):
        actions.withdraw_table(table=table, reason="误", by=clerk, at=now)
    with pytest.raises(Forbidden):
        actions.correct_line(
            line=line_of(table, "南明街道"), numerator=1, denominator=3, reason="误", by=clerk, at=now
        )


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("move", FLOW.moves, ids=lambda m: m.name)
def test_no_move_from_a_state_the_table_does_not_name(
    general: Actor, now: datetime, move: Any, status: Status
) -> None:
    table = PublishedTable(status=status)
    open_moves = {choice.name for choice in FLOW.choices(table, general)}
    assert (move.name in open_moves) == (status in move.sources)


# --- correcting -----------------------------------------------------------------------------------------


def test_a_corrected_number_keeps_the_old_one_in_sight_and_ranks_follow(
    general: Actor, now: datetime
) -> None:
    table = publish(general, now)
    later = now + timedelta(days=1)
    done = actions.correct_line(
        line=line_of(table, "县市场监管局"),
        numerator=8,
        denominator=8,
        reason="漏计两件",
        by=general,
        at=later,
    )
    assert done.moved == 1
    assert said(table) == [
        ("县市场监管局", 1, "100.00"),
        ("县人力社保局", 2, "87.50"),
        ("南明街道", None, "66.67"),
    ]
    first, second, _ = queries.published_lines(table).lines
    assert [(old.value, old.rank) for old in first.former] == [("75.00", 2)]
    assert (first.line.corrected_at, first.line.corrected_by, first.line.reason) == (
        later,
        "周科长",
        "漏计两件",
    )
    assert second.line.reason == "县市场监管局更正，名次随之变动：漏计两件"
    assert [old.rank for old in second.former] == [1]
    assert events()[-1] == "corrected"
    table.refresh_from_db()
    assert table.status == Status.PUBLISHED


def test_a_unit_corrected_above_the_minimum_joins_the_ranks(general: Actor, now: datetime) -> None:
    table = publish(general, now)
    actions.correct_line(
        line=line_of(table, "南明街道"), numerator=9, denominator=9, reason="漏计六件", by=general, at=now
    )
    assert said(table)[0] == ("南明街道", 1, "100.00")


@pytest.mark.parametrize(
    "numerator, denominator, reason, code, sentence",
    [
        (6, 8, "重报", "same_number", "与现在的数值相同"),
        (9, 8, "重报", "bad_number", "分子 9 大于分母 8"),
        (-1, 8, "重报", "bad_number", "不能是负数"),
        (7, None, "重报", "bad_number", "有分母"),
        (7, 8, "  ", "no_reason", "请写明原因"),
    ],
)
def test_a_correction_that_is_none_is_refused(
    general: Actor,
    now: datetime,
    numerator: int,
    denominator: int | None,
    reason: str,
    code: str,
    sentence: str,
) -> None:
    table = publish(general, now)
    with pytest.raises(Refused, match=sentence) as refused:
        actions.correct_line(
            line=line_of(table, "县市场监管局"), numerator=numerator, denominator=denominator, reason=reason,
            by=general, at=now,
        )  # fmt: skip
    assert refused.value.code == code
    assert not PublishedLine.objects.filter(revision__gt=1).exists()


def test_who_corrects_a_line_that_was_corrected_meanwhile_is_told_by_whom(
    county: make.Office, general: Actor, now: datetime
) -> None:
    table = publish(general, now)
    seen = line_of(table, "县市场监管局")
    actions.correct_line(line=seen, numerator=7, denominator=8, reason="漏计一件", by=general, at=now)
    other = make.actor(Role.GENERAL, county.root, "李科员")
    with pytest.raises(Refused, match="周科长已于 2023-05-18 09:00 更正了“县市场监管局”"):
        actions.correct_line(line=seen, numerator=8, denominator=8, reason="漏计两件", by=other, at=now)


def test_only_what_is_published_is_corrected(general: Actor, now: datetime) -> None:
    draft = prepare(general, now)
    with pytest.raises(Refused, match="待公布"):
        actions.correct_line(
            line=line_of(draft, "县市场监管局"), numerator=8, denominator=8, reason="漏计", by=general, at=now
        )


def test_a_count_has_no_denominator_to_correct(general: Actor, now: datetime) -> None:
    table = actions.prepare_table(
        indicator="cases_total", frm=FRM, to=TO, grain="department", by=general, at=now
    )
    actions.publish_table(table=table, by=general, at=now)
    line = line_of(table, "县市场监管局")
    with pytest.raises(Refused, match="没有分母"):
        actions.correct_line(line=line, numerator=9, denominator=9, reason="漏计", by=general, at=now)
    actions.correct_line(line=line, numerator=9, denominator=None, reason="漏计", by=general, at=now)
    assert said(table)[0] == ("县市场监管局", 1, "9")


# --- withdrawing ----------------------------------------------------------------------------------------


def test_a_withdrawn_table_says_why_and_makes_room_for_another(general: Actor, now: datetime) -> None:
    table = publish(general, now)
    with pytest.raises(Refused, match="请写明原因"):
        actions.withdraw_table(table=table, reason=" ", by=general, at=now)
    actions.withdraw_table(table=table, reason="口径有误", by=general, at=now)
    table.refresh_from_db()
    assert (table.status, table.withdrawn_reason, table.withdrawn_by) == ("withdrawn", "口径有误", "周科长")
    with pytest.raises(Refused, match=r"周科长已于 .* 撤回了这张榜"):
        actions.withdraw_table(table=table, reason="再撤", by=general, at=now)
    assert publish(general, now).status == Status.PUBLISHED
    assert events() == ["prepared", "published", "withdrawn", "prepared", "published"]


def test_a_draft_is_not_withdrawn(general: Actor, now: datetime) -> None:
    with pytest.raises(Refused, match="待公布"):
        actions.withdraw_table(table=prepare(general, now), reason="误", by=general, at=now)


# --- screens --------------------------------------------------------------------------------------------


def test_from_the_league_over_the_preview_and_one_confirmation_to_the_published_table(
    county: make.Office, as_role: Callable[..., Client]
) -> None:
    client, reader = as_role(Role.GENERAL), as_role(Role.WINDOW_CLERK)
    assert "还没有公布过榜" in reader.get(URL).content.decode()
    league = f"/indicators/league/?{'&'.join(f'{k}={v}' for k, v in BOARD.items())}"
    assert "准备公布" in client.get(league).content.decode()
    assert "准备公布" not in reader.get(league).content.decode()
    preview = client.post(f"{URL}prepare/", BOARD)["Location"]
    page = client.get(preview).content.decode()
    assert "尚未公布" in page
    assert "87.50" in page
    assert reader.get(preview).status_code == 404
    asked = client.post(f"{preview}move/", {"move": "publish"}).content.decode()
    assert "确认公布" in asked
    assert "谁会看到：全体工作人员" in asked
    assert PublishedTable.objects.get().status == Status.DRAFT
    client.post(f"{preview}move/", {"move": "publish", "_confirmed": "公布"})
    shown = reader.get(preview).content.decode()
    assert "87.50" in shown
    assert "公布" in shown
    assert "撤回" not in shown
    number = re.search(r'class="opens" href="([^"]+)">87\.50', shown)
    assert number, shown
    opened = reader.get(unescape(number[1])).content.decode()
    assert "87.50" in opened
    assert "分子" in opened
    assert "一网通办率·按部门·2023年5月" in reader.get(URL).content.decode()
    assert "看公布的榜" in reader.get(league).content.decode()
    late = client.post(f"{preview}move/", {"move": "publish", "_confirmed": "公布"}, follow=True)
    assert "公布了这张榜" in late.content.decode()


def test_a_correction_on_the_screen_is_confirmed_and_shows_the_old_value(
    county: make.Office, as_role: Callable[..., Client], general: Actor, now: datetime
) -> None:
    table = publish(general, now)
    client, reader = as_role(Role.GENERAL), as_role(Role.LEADER)
    page = f"{URL}{table.pk}/lines/{line_of(table, '县市场监管局').pk}/correct/"
    assert reader.get(page).status_code == 403
    assert client.get(page).status_code == 200
    data = {"numerator": "8", "denominator": "8", "reason": "漏计两件"}
    wrong = client.post(page, {**data, "numerator": "9", "_confirmed": "更正"})
    assert wrong.status_code == 422
    assert "分子 9 大于分母 8" in wrong.content.decode()
    assert "由 6 ÷ 8 更正为 8 ÷ 8" in client.post(page, data).content.decode()
    assert client.post(page, {**data, "_confirmed": "更正"}).status_code == 302
    shown = reader.get(f"{URL}{table.pk}/").content.decode()
    assert "更正于 2023-05-18" in shown
    assert "漏计两件" in shown
    assert "<del>75.00（6 ÷ 8，第2名）</del>" in shown
    assert "数值未变，原名次 <del>第1名</del>" in shown
    every = b"".join(reader.get(f"{URL}{table.pk}/?format=csv")).decode("utf-8-sig")  # type: ignore[call-overload]
    assert "75.00,漏计两件" in every


def test_a_withdrawal_on_the_screen_asks_for_the_reason(
    county: make.Office, as_role: Callable[..., Client], general: Actor, now: datetime
) -> None:
    table = publish(general, now)
    client, page = as_role(Role.GENERAL), f"{URL}{table.pk}/withdraw/"
    assert as_role(Role.LEADER).get(page).status_code == 403
    assert client.get(page).status_code == 200
    assert client.post(page, {"reason": ""}).status_code == 422
    assert "确认撤回" in client.post(page, {"reason": "口径有误"}).content.decode()
    assert client.post(page, {"reason": "口径有误", "_confirmed": "撤回"}).status_code == 302
    shown = as_role(Role.LEADER).get(f"{URL}{table.pk}/").content.decode()
    assert "撤回。" in shown
    assert "口径有误" in shown
    assert client.get(page).status_code == 409


def test_strangers_and_drafts(county: make.Office, client: Client, general: Actor, now: datetime) -> None:
    draft = prepare(general, now)
    assert client.get(URL).status_code == 302
    assert client.get(f"{URL}{draft.pk}/").status_code == 302
    with pytest.raises(NotFound):
        queries.published_table(make.actor(Role.LEADER, county.root), draft.pk)
    with pytest.raises(NotFound):
        queries.published_line(draft, 10**9)


def test_a_published_table_is_found_by_name_and_read_with_few_queries(
    county: make.Office, as_role: Callable[..., Client], general: Actor, now: datetime,
    django_assert_max_num_queries: Any,
) -> None:  # fmt: skip
    table = publish(general, now)
    client = as_role(Role.LEADER)
    client.get("/indicators/catalogue/")
    for url in (URL, f"{URL}{table.pk}/", f"{URL}{table.pk}/?q=人力"):
        with django_assert_max_num_queries(12):
            page = client.get(url).content.decode()
    assert "县人力社保局" in page
    assert "县市场监管局" not in page
    assert "清除" in client.get(f"{URL}{table.pk}/?q=没有这样的").content.decode()
