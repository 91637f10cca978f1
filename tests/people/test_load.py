"""Whole lists: good rows in, bad rows back with a reason, the same again changes nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests import make
from xinfu.core.access import Role
from xinfu.core.actor import Actor
from xinfu.core.models import JournalEntry
from xinfu.core.refusal import Forbidden
from xinfu.lib import tables
from xinfu.people import actions, queries
from xinfu.people.models import Account, Department, Person, RoleGrant, Window

Told = Callable[[str], dict[str, Any]]
UNITS = [
    {"code": "V1", "name": "拔茅村", "kind": "村（社区）", "parent": "T1", "order": "2"},
    {"code": "T1", "name": "七星街道", "kind": "township", "parent": "11330624MB0001"},
    {"code": "V2", "name": "下塘村", "kind": "village", "parent": "T1", "phone": "0575-86020000"},
]


def counts(loaded: actions.Loaded) -> tuple[int, int, int, int, int]:
    return loaded.read, loaded.created, loaded.updated, loaded.unchanged, loaded.rejected


def test_units_come_in_any_order_and_twice_changes_nothing(
    office: make.Office, admin: Actor, now: datetime, told: Told
) -> None:
    assert counts(actions.load_departments(rows=UNITS, by=admin, at=now)) == (3, 3, 0, 0, 0)
    assert told("Department.loaded")["created"] == 3
    village, town = Department.objects.get(code="V1"), Department.objects.get(code="T1")
    assert village.path == f"{office.root.path}{town.pk}/{village.pk}/"
    assert counts(actions.load_departments(rows=UNITS, by=admin, at=now)) == (3, 0, 0, 3, 0)


def test_a_changed_row_updates_and_a_changed_parent_moves_the_subtree(
    office: make.Office, admin: Actor, now: datetime
) -> None:
    actions.load_departments(rows=UNITS, by=admin, at=now)
    changed = [{**UNITS[1], "parent": "XC-ZH"}, {**UNITS[2], "name": "下塘社区"}]
    assert counts(actions.load_departments(rows=changed, by=admin, at=now)) == (2, 0, 2, 0, 0)
    village = Department.objects.get(code="V1")
    assert village.path.startswith(f"{office.general.path}")
    assert Department.objects.get(code="V2").name == "下塘社区"


def test_bad_units_are_listed_and_good_ones_kept(office: make.Office, admin: Actor, now: datetime) -> None:
    rows = [
        {"code": "G1", "name": "好科室", "kind": "科室", "parent": "XC-ZH"},
        {"code": "G1", "name": "又一次", "kind": "科室"},
        {"code": "", "name": "无码", "kind": "科室"},
        {"code": "B1", "name": "怪类", "kind": "商店"},
        {"code": "B2", "name": "无父", "kind": "科室", "parent": "NONE"},
        {"code": "B3", "name": "孙", "kind": "科室", "parent": "B2"},
        {"code": "B4", "name": "乱序", "kind": "科室", "order": "前"},
    ]
    loaded = actions.load_departments(rows=rows, by=admin, at=now)
    assert counts(loaded) == (7, 1, 0, 0, 6)
    assert [(fault.row, fault.column) for fault in loaded.faults] == [
        (3, "code"),
        (4, "code"),
        (5, "kind"),
        (6, "parent"),
        (7, "parent"),
        (8, "order"),
    ]
    assert "第2行重复" in loaded.faults[0].reason


def test_a_list_that_makes_the_tree_too_deep_writes_nothing(
    office: make.Office, admin: Actor, now: datetime, refused: Any
) -> None:
    chain = [
        {"code": f"D{n}", "name": f"级{n}", "kind": "科室", "parent": f"D{n - 1}" if n else ""}
        for n in range(8)
    ]
    actions.load_departments(rows=chain, by=admin, at=now)
    top = [{**chain[0], "parent": "XC-ZH"}]
    refused("too_deep", actions.load_departments, rows=top, by=admin, at=now)


def test_a_closed_unit_is_not_loaded_over(office: make.Office, admin: Actor, now: datetime) -> None:
    actions.close_department(department=office.village, by=admin, at=now)
    rows = [{"code": office.village.code, "name": "桃源村", "kind": "村（社区）"}]
    loaded = actions.load_departments(rows=rows, by=admin, at=now)
    assert "已撤销" in loaded.faults[0].reason


def test_windows_and_people_come_in(office: make.Office, admin: Actor, now: datetime, told: Told) -> None:
    windows = [
        {"code": "N1", "name": "新窗口", "department": office.unit_a.code, "hall": "县中心"},
        {"code": "N2", "name": "没有单位", "department": "NONE"},
    ]
    assert counts(actions.load_windows(rows=windows, by=admin, at=now)) == (2, 1, 0, 0, 1)
    told("Window.loaded")
    people = [
        {
            "staff_no": "s1",
            "name": "甲",
            "department": office.unit_a.code,
            "window": "N1",
            "phone": "13900001234",
        },
        {"staff_no": "s2", "name": "乙", "department": office.unit_b.code, "window": "N1"},
        {"staff_no": "s3", "name": "丙", "department": office.unit_b.code, "phone": "139"},
        {"staff_no": "s4", "name": "丁", "department": office.unit_b.code},
    ]
    assert counts(actions.load_people(rows=people, by=admin, at=now)) == (4, 2, 0, 0, 2)
    assert counts(actions.load_people(rows=people, by=admin, at=now)) == (4, 0, 0, 2, 2)
    people[0]["phone"] = "13900005678"
    assert counts(actions.load_people(rows=people, by=admin, at=now)) == (4, 0, 1, 1, 2)
    person = Person.objects.get(staff_no="S1")
    assert person.window == Window.objects.get(code="N1")
    assert queries.masked_phone(person) == "139****5678"
    whole = b"".join(bytes(entry.body) for entry in JournalEntry.objects.order_by("n")).decode()
    assert "13900005678" not in whole


def test_roles_come_in_under_the_rules_of_single_grants(
    office: make.Office, admin: Actor, guard: Actor, now: datetime
) -> None:
    people = [{"staff_no": f"s{n}", "name": f"人{n}", "department": office.unit_a.code} for n in range(3)]
    actions.load_people(rows=people, by=admin, at=now)
    own = Person.objects.get(pk=guard.id)
    rows = [
        {"staff_no": "s0", "role": "窗口人员"},
        {"staff_no": "s1", "role": "unit_liaison", "department": office.unit_b.code, "since": "2023-01-01"},
        {"staff_no": "s1", "role": "系统管理员"},
        {"staff_no": "s1", "role": "审计管理员"},
        {"staff_no": "s2", "role": "外部单位"},
        {"staff_no": "s2", "role": "皇帝"},
        {"staff_no": "none", "role": "窗口人员"},
        {"staff_no": own.staff_no, "role": "综合科"},
        {"staff_no": "s2", "role": "窗口人员", "since": "昨天"},
    ]
    loaded = actions.load_roles(rows=rows, by=guard, at=now)
    assert counts(loaded) == (9, 3, 0, 0, 6)
    assert [fault.row for fault in loaded.faults] == [5, 6, 7, 8, 9, 10]
    assert counts(actions.load_roles(rows=rows[:2], by=guard, at=now)) == (2, 0, 0, 2, 0)
    grant = RoleGrant.objects.get(person__staff_no="S1", role=Role.UNIT_LIAISON)
    assert grant.department == office.unit_b
    assert grant.given_by == guard.name
    with pytest.raises(Forbidden):
        actions.load_roles(rows=rows, by=admin, at=now)


def test_organisations_come_in_by_checked_codes(office: make.Office, admin: Actor, now: datetime) -> None:
    rows = [
        {"uscc": "91350100M000100Y43", "name": "甲公司", "kind": "项目业主"},
        {"uscc": "91350100M000100Y44", "name": "乙公司", "kind": "bidder"},
    ]
    assert counts(actions.load_organisations(rows=rows, by=admin, at=now)) == (2, 1, 0, 0, 1)


def test_a_list_has_at_most_five_thousand_rows(
    office: make.Office, admin: Actor, now: datetime, refused: Any
) -> None:
    refused("too_many", actions.load_windows, rows=[{}] * 5001, by=admin, at=now)


# --- the command ---------------------------------------------------------------------------------


def run(*args: Any) -> tuple[dict[str, Any], str]:
    out, err = StringIO(), StringIO()
    call_command("import_people", *map(str, args), stdout=out, stderr=err)
    return json.loads(out.getvalue()), err.getvalue()


def test_a_spreadsheet_comes_in_by_command_and_bad_rows_go_to_a_file(
    office: make.Office, tmp_path: Path
) -> None:
    path = tmp_path / "units.xlsx"
    head = ("机构编码", "机构名称", "类别", "上级机构编码")
    rows = [
        ("示例1", "示例（导入时忽略）", "科室", ""),
        ("C1", "代办中心", "科室", "11330624MB0001"),
        ("C2", "坏科室", "商店", ""),
    ]
    tables.write_xlsx(path, head, rows)
    rejected = tmp_path / "bad.csv"
    result, told = run("--kind", "departments", path, "--rejected", rejected)
    assert (result["read"], result["created"], result["rejected"]) == (2, 1, 1)
    assert "第4行「类别」" in told
    assert "商店" in rejected.read_text(encoding="utf-8-sig")


def test_a_csv_in_the_countys_old_encoding_is_understood(office: make.Office, tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text(f"工号,姓名,机构编码\n0007,李四,{office.unit_a.code}\n", encoding="gb18030")
    assert run("--kind", "people", path)[0]["created"] == 1
    assert Person.objects.get(staff_no="0007").name == "李四"


def test_files_that_are_no_list_are_refused_in_a_sentence(office: make.Office, tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("工号,电话\n1,2\n", encoding="utf-8")
    with pytest.raises(CommandError, match="缺少列：姓名、机构编码"):
        run("--kind", "people", path)
    path.write_bytes(b"\x00\x01\x02" * 100)
    with pytest.raises(CommandError):
        run("--kind", "people", path)
    with pytest.raises(CommandError, match="找不到文件"):
        run("--kind", "people", tmp_path / "none.csv")


def test_the_first_administrator_is_made_on_the_server(office: make.Office) -> None:
    out = StringIO()
    args = (
        "root.admin",
        "--staff-no",
        "g1",
        "--name",
        "管理员",
        "--department",
        "综合科",
        "--role",
        "system_admin",
    )
    call_command("open_account", *args, stdout=out)
    password = out.getvalue().split("：")[-1].strip()
    account = Account.objects.get(username="root.admin")
    assert account.check_password(password)
    assert account.person is not None
    assert account.person.grants.get().role == Role.SYSTEM_ADMIN
    call_command("reset_password", "ROOT.admin", stdout=out)
    account.refresh_from_db()
    assert not account.check_password(password)


@pytest.mark.parametrize(
    "command, sentence",
    [
        (("open_account", "abc", "--staff-no", "none"), "没有这个工号"),
        (("reset_password", "nobody"), "没有这个账号"),
        (("unlock", "nobody"), "没有这个账号"),
    ],
)
def test_commands_refuse_in_a_sentence(db: None, command: tuple[str, ...], sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence):
        call_command(*command)


def test_a_locked_account_is_opened_on_the_server(account: Account, now: datetime) -> None:
    from django.utils import timezone

    from xinfu.core.refusal import Refused

    with pytest.raises(CommandError, match="没有锁定"):
        call_command("unlock", account.username)
    for _ in range(5):
        with pytest.raises(Refused):
            actions.log_in(username=account.username, password="x", address="::1", at=timezone.now())
    out = StringIO()
    call_command("unlock", account.username, stdout=out)
    assert "已解锁" in out.getvalue()
