"""Actors, grants, flows, files, local numbers, county days, personal data: what every app stands on."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from xinfu.core import access, county, files, holidays, local, once, privacy
from xinfu.core.access import READS, Role, WriteInGet, only_reading, select_only
from xinfu.core.actor import ANONYMOUS, EVERYTHING, NOTHING, Actor, Kind, Scope, system
from xinfu.core.flow import Flow, Move
from xinfu.core.models import CountyDay, JournalEntry, LocalRule, StoredFile
from xinfu.core.permissions import Can
from xinfu.core.refusal import Forbidden, Refused
from xinfu.core.registry import Registry
from xinfu.lib import canon

AT = datetime(2023, 5, 6, 1, 2, 3, tzinfo=UTC)


def clerk(**scopes: Scope) -> Actor:
    return Actor(
        kind=Kind.PERSON, id=1, name="王某", scopes={k.replace("__", "."): v for k, v in scopes.items()}
    )


# --- actors and grants ---------------------------------------------------------------------------


def test_a_stranger_may_nothing_and_the_program_itself_everything() -> None:
    assert not ANONYMOUS.may(Can.SEE_JOURNAL)
    assert ANONYMOUS.scope(Can.SEE_JOURNAL) == NOTHING
    assert system("tick").may("anything.at_all")
    assert system("tick").scope("anything.at_all") == EVERYTHING
    assert ANONYMOUS.key == "anonymous:访客"


def test_requiring_a_permission_refuses_with_the_sentence() -> None:
    clerk(a__b=NOTHING).require("a.b")
    with pytest.raises(Forbidden, match="没有这项权限"):
        clerk().require("a.b")


def test_reaches_of_several_roles_add_up() -> None:
    both = Scope(units=frozenset({1})) | Scope(units=frozenset({2}), own=True)
    assert both.covers(2)
    assert not both.covers(3)
    assert not both.covers(None)
    assert (both | EVERYTHING).covers(None)


def test_every_grant_names_known_roles_and_says_in_chinese_what_it_allows() -> None:
    for permission, (label, roles) in access.grants().items():
        assert label
        assert roles, permission
        assert roles <= set(Role)
    assert Can.SEE_JOURNAL in access.permissions_of(Role.AUDITOR)
    assert Can.SEE_JOURNAL not in access.permissions_of(Role.GENERAL)


@pytest.mark.parametrize(
    "verb",
    [
        *("INSERT INTO t", "update t", " (DELETE FROM t", "CREATE TABLE t", "TRUNCATE t"),
        *(
            "WITH a AS (\nINSERT INTO t VALUES (1) RETURNING id) SELECT id FROM a",
            "with a as (select 1) update t",
        ),
    ],
)
def test_a_get_that_writes_fails(verb: str) -> None:
    with pytest.raises(WriteInGet):
        select_only(lambda *args: None, verb, (), False, {})


@pytest.mark.parametrize("verb", READS)
def test_a_get_may_read(verb: str) -> None:
    assert select_only(lambda sql, *args: sql, f" {verb.lower()} x", (), False, {}) == f" {verb.lower()} x"


@pytest.mark.django_db(transaction=True)
def test_only_the_thread_that_asked_is_kept_to_reading() -> None:
    def written() -> bool:
        try:
            with connection.cursor() as cursor:
                cursor.execute("UPDATE core_localrule SET source = '' WHERE 1 = 0")
        except WriteInGet:
            return False
        return True

    def elsewhere() -> bool:
        try:
            return written()
        finally:
            connection.close()

    with only_reading(), ThreadPoolExecutor(1) as others:
        assert not written()
        assert others.submit(elsewhere).result()
    assert written()


def test_what_a_reading_request_asks_twice_is_read_once_and_elsewhere_anew() -> None:
    asked: list[int] = []

    def fetch() -> int:
        asked.append(1)
        return len(asked)

    assert [once.read("x", fetch), once.read("x", fetch)] == [1, 2]
    with once.per_request():
        assert [once.read("x", fetch), once.read("x", fetch)] == [3, 3]
    with once.per_request():
        assert once.read("x", fetch) == 4


@pytest.mark.django_db
def test_a_page_in_a_rush_goes_by_rules_two_seconds_old_at_most(
    django_assert_num_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr("xinfu.core.county.time.monotonic", lambda: now[0])
    day = AT.date()

    def seen() -> bool:
        with once.per_request():
            county.keep_recent()
            return county.own().days == ((day, False),)

    assert not seen()
    with django_assert_num_queries(0):
        assert not seen()
    CountyDay.objects.create(
        day=day, is_workday=False, source="s", set_at=AT, set_by="王"
    )  # another process did
    now[0] += 1.9
    assert not seen()
    now[0] += 0.2
    assert seen()


@pytest.mark.django_db
def test_what_this_process_sets_holds_at_once() -> None:
    def worked() -> bool:
        with once.per_request():
            county.keep_recent()
            return holidays.calendar().is_workday(date(2026, 7, 1))

    assert worked()
    holidays.set_day(day=date(2026, 7, 1), is_workday=False, source="通知", by=system("test"), at=AT)
    assert not worked()


# --- flows ---------------------------------------------------------------------------------------


class S(StrEnum):
    OPEN = "open"
    SHUT = "shut"


class May(StrEnum):
    SHUT = "things.shut"


FLOW = Flow(
    initial=S.OPEN,
    moves=[
        Move("shut", "关闭", {S.OPEN}, S.SHUT, May.SHUT, guards=(lambda t, a: t.objection,)),
        Move("reopen", "重开", {S.SHUT}, S.OPEN, May.SHUT),
    ],
)


def thing(status: str, objection: str | None = None) -> Any:
    return SimpleNamespace(status=status, objection=objection, get_status_display=lambda: "已关闭")


def test_a_move_needs_permission_state_and_guards_in_this_order() -> None:
    able = clerk(things__shut=NOTHING)
    for actor, what, code in [
        (clerk(), thing("shut"), "forbidden"),
        (able, thing("shut"), "wrong_state"),
        (able, thing("open", "还有未办的事项。"), "shut_refused"),
    ]:
        with pytest.raises(Refused) as caught:
            FLOW.check("shut", what, actor)
        assert caught.value.code == code
    assert FLOW.check("shut", thing("open"), able).target == S.SHUT


def test_choices_show_what_the_role_could_do_with_the_reason_why_not() -> None:
    able = clerk(things__shut=NOTHING)
    assert [(c.name, c.label, c.reason) for c in FLOW.choices(thing("open", "不行。"), able)] == [
        ("shut", "关闭", "不行。")
    ]
    assert [c.reason for c in FLOW.choices(thing("open"), able)] == [None]
    assert FLOW.choices(thing("open"), clerk()) == []


def test_a_move_changes_the_row_only_if_it_is_still_in_the_state_that_was_seen(db: None) -> None:
    row = LocalRule.objects.create(code="x", since=AT, value=1, source="s", set_at=AT, set_by="王")

    class Probe:
        """A row whose status column is `code`, so that no table is made for the test."""

        _default_manager = SimpleNamespace(
            filter=lambda pk, status: SimpleNamespace(
                update=lambda status, **c: LocalRule.objects.filter(pk=pk, code=seen).update(**c)
            )
        )
        pk, objection, status = row.pk, None, "open"
        get_status_display = staticmethod(lambda: "打开")

    seen, able = "x", clerk(things__shut=NOTHING)
    probe: Any = Probe()
    FLOW.move("shut", probe, able, set_by="李")
    assert (probe.status, probe.set_by) == ("shut", "李")
    seen, probe.status = "gone", "open"
    with pytest.raises(Refused, match="他人刚刚处理了这条记录"):
        FLOW.move("shut", probe, able, set_by="赵")
    row.refresh_from_db()
    assert row.set_by == "李"


def test_a_flow_draws_itself_and_refuses_two_moves_of_one_name() -> None:
    assert FLOW.mermaid().splitlines()[1:] == [
        "    [*] --> open",
        "    open --> shut: 关闭",
        "    shut --> open: 重开",
    ]
    assert FLOW["shut"].label == "关闭"
    with pytest.raises(ValueError, match="two moves"):
        Flow(initial=S.OPEN, moves=[FLOW["shut"], FLOW["shut"]])


# --- registries ----------------------------------------------------------------------------------


def test_a_registry_takes_each_code_once() -> None:
    registry: Registry[int] = Registry("number")
    registry.add("one", 1)
    with pytest.raises(ValueError, match="registered twice"):
        registry.add("one", 2)
    assert (registry["one"], registry.get("two"), list(registry), len(registry)) == (1, None, [1], 1)
    assert "one" in registry
    assert registry.codes() == ["one"]


# --- files ---------------------------------------------------------------------------------------


def test_a_file_is_kept_by_its_hash_and_read_back(db: None) -> None:
    kept = files.store([b"%PDF-1.7 ", b"content"], name="..\\a/通知.pdf", by=system("t"), at=AT)
    assert (kept.name, kept.content_type, kept.size) == ("通知.pdf", "application/pdf", 16)
    with files.open_file(kept) as file:
        assert file.read() == b"%PDF-1.7 content"
    again = files.store([b"%PDF-1.7 content"], name="b.pdf", by=system("t"), at=AT)
    assert again.sha256 == kept.sha256


@pytest.mark.parametrize(
    "chunks, code", [([], "file_empty"), ([b""], "file_empty"), ([b"x" * 9], "file_too_large")]
)
def test_an_empty_or_too_large_file_is_refused_and_leaves_nothing(
    db: None, chunks: list[bytes], code: str
) -> None:
    with pytest.raises(Refused) as caught:
        files.store(chunks, name="x", by=system("t"), at=AT, limit=8)
    assert caught.value.code == code
    assert not StoredFile.objects.exists()


def test_a_file_missing_from_the_disk_is_said(db: None) -> None:
    kept = files.store([b"gone soon"], name="", by=system("t"), at=AT)
    assert kept.name == "未命名"
    files.path_of(kept.sha256).unlink()
    with pytest.raises(Refused, match="从备份恢复"):
        files.open_file(kept)


@pytest.mark.parametrize(
    "head, name, kind",
    [
        (b"PK\x03\x04", "a.xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (b"PK\x03\x04", "a.zip", "application/zip"),
        (b"\x89PNG\r\n\x1a\n", "a.pdf", "image/png"),
        ("编号,名称".encode(), "a.csv", "text/plain"),
        (b"\x00\x01", "a.txt", "application/octet-stream"),
    ],
)
def test_the_kind_of_a_file_comes_from_its_bytes(head: bytes, name: str, kind: str) -> None:
    assert files.sniff(head, name) == kind


# --- local numbers -------------------------------------------------------------------------------


@pytest.fixture
def rule(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(local, "_DECLARED", dict(local._DECLARED))
    local.declare(
        "tests.limit",
        title="测试期限",
        default=5,
        unit="工作日",
        source="测试",
        check=local.whole(1, 30),
        permission=Can.SET_LOCAL_RULES,
    )
    return "tests.limit"


def test_a_local_number_holds_from_its_day_and_the_default_before(db: None, rule: str) -> None:
    day = date(2023, 7, 1)
    local.set_rule(code=rule, since=day, value=3, source=" 政务办会议纪要 ", by=system("t"), at=AT)
    before, first = local.on(rule, day - timedelta(days=1)), local.on(rule, day)
    assert (before.value, before.is_default) == (5, True)
    assert (first.value, first.since, first.source, first.is_default) == (3, day, "政务办会议纪要", False)
    entry = canon.parse(bytes(JournalEntry.objects.get().body))
    assert isinstance(entry, dict)
    assert entry["event"] == "local.rule_set"
    assert rule in [d.code for d in local.declared()]
    last = day + timedelta(days=9)
    assert local.spans(rule, day, last) == [(day, last, 3)]
    assert local.spans(rule, day - timedelta(days=2), last) == [
        (day - timedelta(days=2), day - timedelta(days=1), 5),
        (day, last, 3),
    ]
    for asked in (day - timedelta(days=1), day):
        assert local.all_on(asked) == {d.code: local.on(d.code, asked) for d in local.declared()}


@pytest.mark.parametrize(
    "code, value, source, refusal",
    [
        ("tests.none", 3, "x", "unknown_rule"),
        ("tests.limit", 0, "x", "bad_value"),
        ("tests.limit", True, "x", "bad_value"),
        ("tests.limit", "3", "x", "bad_value"),
        ("tests.limit", 3, "  ", "no_source"),
    ],
)
def test_a_local_number_is_refused_with_its_reason(
    db: None, rule: str, code: str, value: object, source: str, refusal: str
) -> None:
    with pytest.raises(Refused) as caught:
        local.set_rule(code=code, since=AT.date(), value=value, source=source, by=system("t"), at=AT)
    assert caught.value.code == refusal
    assert not LocalRule.objects.exists()


def test_a_local_number_is_set_only_by_those_who_may(db: None, rule: str) -> None:
    with pytest.raises(Forbidden):
        local.set_rule(code=rule, since=AT.date(), value=3, source="x", by=clerk(), at=AT)


def test_a_coded_local_choice_takes_only_its_options() -> None:
    check = local.one_of({"workday": "工作日", "calendar": "自然日"})
    assert check("workday") is None
    assert check("days") == "请从“工作日、自然日”中选一项。"


# --- county days ---------------------------------------------------------------------------------


def test_a_county_day_goes_over_the_national_calendar(db: None) -> None:
    day = date(2023, 5, 18)
    assert holidays.calendar().is_workday(day)
    holidays.set_day(day=day, is_workday=False, source="台风停工通知", by=system("t"), at=AT)
    assert not holidays.calendar().is_workday(day)
    holidays.set_day(day=day, is_workday=True, source="通知撤回", by=system("t"), at=AT)
    assert holidays.calendar().is_workday(day)
    assert CountyDay.objects.count() == 1
    assert JournalEntry.objects.filter(event="calendar.day_set").count() == 2


def test_a_county_day_needs_a_source_and_the_right_role(db: None) -> None:
    general = Actor(kind=Kind.PERSON, id=1, name="综合", roles=frozenset({Role.GENERAL}))
    with pytest.raises(Refused, match="依据"):
        holidays.set_day(day=AT.date(), is_workday=False, source=" ", by=general, at=AT)
    with pytest.raises(Forbidden):
        holidays.set_day(day=AT.date(), is_workday=False, source="x", by=clerk(), at=AT)


# --- personal data -------------------------------------------------------------------------------


@given(st.dictionaries(st.sampled_from(["name", "id", "phone"]), st.text(max_size=40)))
def test_sealed_fields_come_back_and_empty_ones_do_not(fields: dict[str, str]) -> None:
    sealed = privacy.seal(fields)
    assert privacy.unseal(sealed) == {k: v for k, v in fields.items() if v}
    assert privacy.seal(fields) != sealed, "the same value sealed twice must not look the same"


def test_nothing_sealed_is_nothing() -> None:
    assert privacy.unseal(None) == privacy.unseal(b"") == {}


@given(st.text(min_size=6, max_size=30))
def test_a_digest_is_found_by_the_same_value_only(value: str) -> None:
    assert privacy.digest(value) == privacy.digest(f" {value} ")
    assert privacy.digest(value) != privacy.digest(value + "1")


@pytest.mark.parametrize(
    "kind, value, shown",
    [
        ("id", "330624199001011234", "3306************34"),
        ("id", "12345", "*****"),
        ("phone", "13812341234", "138****1234"),
        ("phone", "86123", "*****"),
        ("name", "张三丰", "张**"),
        ("name", "欧阳大侠客", "欧**"),
        ("name", "张", "*"),
        ("name", "𠅤某", "𠅤*"),
        ("address", "南明街道桃源村12号", "南明街道****"),
        ("address", "人民中路一百号楼上", "人民中路一百****"),
        ("bank", "6222021234567890", "************7890"),
        ("phone", "", ""),
    ],
)
def test_there_is_one_mask_for_each_kind(kind: str, value: str, shown: str) -> None:
    assert privacy.mask(kind, value) == shown


def test_an_unknown_kind_has_no_mask() -> None:
    with pytest.raises(ValueError, match="no mask"):
        privacy.mask("colour", "red")


def test_the_database_is_one_of_the_two_supported(db: None) -> None:
    assert connection.vendor in {"sqlite", "postgresql"}
