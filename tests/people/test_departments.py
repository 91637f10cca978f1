"""The tree of units and the windows, through actions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from tests import make
from xinfu.core.access import Role
from xinfu.core.actor import Actor
from xinfu.core.refusal import Forbidden
from xinfu.people import actions, queries
from xinfu.people.models import Department, DepartmentKind, Window

Told = Callable[[str], dict[str, Any]]
KIND = DepartmentKind.SECTION


def test_a_unit_hangs_under_its_parent(office: make.Office, admin: Actor, now: datetime, told: Told) -> None:
    unit = actions.add_department(
        code=" xc-gg ", name="公管科", short_name="", kind=KIND, parent=office.root, by=admin, at=now
    )
    assert (unit.code, unit.short_name, unit.path) == ("XC-GG", "公管科", f"{office.root.path}{unit.pk}/")
    assert told("department.added")["path"] == unit.path


def test_a_root_has_no_parent(office: make.Office, admin: Actor, now: datetime) -> None:
    unit = actions.add_department(
        code="R2", name="另一单位", short_name="", kind=KIND, parent=None, by=admin, at=now
    )
    assert unit.path == f"/{unit.pk}/"


@pytest.mark.parametrize(
    "code, changes",
    [
        ("empty", {"name": "  "}),
        ("too_long", {"name": "长" * 101}),
        ("bad_kind", {"kind": "shop"}),
        ("bad_phone", {"phone": "12"}),
        ("code_taken", {"code": "XC-ZH"}),
    ],
)
def test_a_bad_unit_is_refused(
    office: make.Office, admin: Actor, now: datetime, refused: Any, code: str, changes: dict[str, Any]
) -> None:
    good = {"code": "N1", "name": "新科", "short_name": "", "kind": KIND, "parent": office.root}
    refused(code, actions.add_department, **{**good, **changes}, by=admin, at=now)


def test_only_the_system_administrator_changes_units(
    office: make.Office, guard: Actor, now: datetime
) -> None:
    calls: list[Callable[[], Any]] = [
        lambda: actions.rename_department(
            department=office.general, name="x", short_name="x", by=guard, at=now
        ),
        lambda: actions.move_department(department=office.general, parent=None, by=guard, at=now),
        lambda: actions.close_department(department=office.village, by=guard, at=now),
        lambda: actions.close_window(window=office.window_a1, by=guard, at=now),
    ]
    for call in calls:
        with pytest.raises(Forbidden):
            call()


def test_a_new_name_is_journalled_before_and_after(
    office: make.Office, admin: Actor, now: datetime, told: Told
) -> None:
    actions.rename_department(
        department=office.general, name="综合协调科", short_name="综合", by=admin, at=now
    )
    data = told("department.renamed")
    assert data["before"] == {"name": "综合科", "short_name": "综合科"}
    assert data["after"] == {"name": "综合协调科", "short_name": "综合"}


def test_the_same_name_again_writes_nothing(
    office: make.Office, admin: Actor, now: datetime, refused: Any
) -> None:
    actions.change_department(
        department=office.general, phone="", division_code="", order=5, by=admin, at=now
    )
    before = Department.objects.get(pk=office.general.pk).order
    actions.change_department(
        department=office.general, phone="", division_code="", order=5, by=admin, at=now
    )
    assert before == 5


def test_a_subtree_moves_with_all_below_it(
    office: make.Office, admin: Actor, now: datetime, told: Told
) -> None:
    actions.move_department(department=office.town_a, parent=office.unit_a, by=admin, at=now)
    town = Department.objects.get(pk=office.town_a.pk)
    village = Department.objects.get(pk=office.village.pk)
    assert town.path == f"{office.unit_a.path}{town.pk}/"
    assert village.path == f"{town.path}{village.pk}/"
    assert told("department.moved")["units"] == 2
    actions.move_department(department=office.town_a, parent=None, by=admin, at=now)
    assert Department.objects.get(pk=village.pk).path == f"/{town.pk}/{village.pk}/"


def test_moves_that_break_the_tree_are_refused(
    office: make.Office, admin: Actor, now: datetime, refused: Any
) -> None:
    move = actions.move_department
    refused("own_subtree", move, department=office.town_a, parent=office.village, by=admin, at=now)
    refused("own_subtree", move, department=office.root, parent=office.root, by=admin, at=now)
    refused("no_change", move, department=office.town_a, parent=office.root, by=admin, at=now)
    actions.close_department(department=office.general, by=admin, at=now)
    refused("parent_closed", move, department=office.town_a, parent=office.general, by=admin, at=now)


def test_the_tree_has_at_most_eight_levels(
    office: make.Office, admin: Actor, now: datetime, refused: Any
) -> None:
    unit = office.root
    for level in range(7):
        unit = actions.add_department(
            code=f"L{level}", name=f"第{level}级", short_name="", kind=KIND, parent=unit, by=admin, at=now
        )
    refused(
        "too_deep",
        actions.add_department,
        code="L9",
        name="x",
        short_name="",
        kind=KIND,
        parent=unit,
        by=admin,
        at=now,
    )
    sixth = Department.objects.get(code="L5")
    refused("too_deep", actions.move_department, department=office.town_a, parent=sixth, by=admin, at=now)


def test_a_unit_in_use_cannot_be_closed(
    office: make.Office, admin: Actor, now: datetime, refused: Any, told: Told, clerk: Any
) -> None:
    close = actions.close_department
    sentence = refused("still_used", close, department=office.unit_a, by=admin, at=now).reason
    assert "2个窗口" in sentence
    assert "1名在岗人员" in sentence
    assert "1个下级机构" in refused("still_used", close, department=office.town_a, by=admin, at=now).reason
    close(department=office.village, by=admin, at=now)
    assert told("department.closed")["after"] == {"closed_on": "2023-05-18"}
    refused("already_closed", close, department=office.village, by=admin, at=now)


def test_a_closed_unit_opens_again_under_an_open_parent(
    office: make.Office, admin: Actor, now: datetime, refused: Any, told: Told
) -> None:
    refused("not_closed", actions.reopen_department, department=office.village, by=admin, at=now)
    actions.close_department(department=office.village, by=admin, at=now)
    actions.close_department(department=office.town_a, by=admin, at=now)
    refused("parent_closed", actions.reopen_department, department=office.village, by=admin, at=now)
    actions.reopen_department(department=office.town_a, by=admin, at=now)
    told("department.reopened")
    actions.reopen_department(department=office.village, by=admin, at=now)
    assert Department.objects.get(pk=office.village.pk).closed_on is None


def test_a_window_belongs_to_an_open_unit(
    office: make.Office, admin: Actor, now: datetime, refused: Any, told: Told
) -> None:
    window = actions.add_window(
        code="c01", name="税务窗口", department=office.unit_b, hall="县中心", by=admin, at=now
    )
    assert window.code == "C01"
    assert told("window.added")["department"] == office.unit_b.pk
    refused(
        "code_taken", actions.add_window, code="C01", name="重复", department=office.unit_b, by=admin, at=now
    )
    actions.close_department(department=office.village, by=admin, at=now)
    refused(
        "department_closed",
        actions.add_window,
        code="C02",
        name="x",
        department=office.village,
        by=admin,
        at=now,
    )


def test_a_window_changes_hands_and_closes(
    office: make.Office, admin: Actor, now: datetime, refused: Any, told: Told
) -> None:
    same = {"name": "市场监管窗口一", "hall": "县政务服务中心", "phone": "", "order": 1000}
    actions.change_window(window=office.window_a1, department=office.unit_b, **same, by=admin, at=now)
    assert told("window.changed")["after"] == {"department_id": office.unit_b.pk}
    worker = make.person(Role.WINDOW_CLERK, office.unit_b)
    worker.window = office.window_b1
    worker.save()
    refused("still_used", actions.close_window, window=office.window_b1, by=admin, at=now)
    actions.close_window(window=office.window_a1, by=admin, at=now)
    told("window.closed")
    refused("already_closed", actions.close_window, window=office.window_a1, by=admin, at=now)
    gone = Window(pk=0, name="x")
    refused("not_found", actions.close_window, window=gone, by=admin, at=now)


def test_the_tree_reads_parents_before_children_and_counts(
    office: make.Office, admin: Actor, clerk: Any
) -> None:
    nodes = queries.tree(admin)
    names = [node.department.name for node in nodes]
    assert names[0] == "县政务服务办公室"
    assert names.index("桃源村") == names.index("南明街道") + 1
    unit = next(node for node in nodes if node.department.pk == office.unit_a.pk)
    assert (unit.depth, unit.windows, unit.people) == (1, 2, 1)


def test_a_liaison_sees_the_own_subtree_only(office: make.Office) -> None:
    liaison = make.actor(Role.UNIT_LIAISON, office.town_a)
    assert [node.department.name for node in queries.tree(liaison)] == ["南明街道", "桃源村"]
    assert not queries.windows(liaison).exists()
    assert {person.department_id for person in queries.people(liaison)} == {office.town_a.pk}
    clerk = make.actor(Role.WINDOW_CLERK, office.unit_a)
    assert not queries.tree(clerk)
    assert [person.pk for person in queries.people(clerk)] == [clerk.id]


def test_units_are_found_by_code_name_and_short_name(
    office: make.Office, admin: Actor, now: datetime
) -> None:
    actions.rename_department(
        department=office.unit_a, name="县市场监督管理局", short_name="市场监管局", by=admin, at=now
    )
    for text in ("11330624mb0011", "县市场监督管理局", " 市场监管局 "):
        assert queries.find_department(text) == office.unit_a
    assert queries.find_department("没有") is None
    actions.add_department(
        code="X1", name="重名一", short_name="市场监管局", kind=KIND, parent=None, by=admin, at=now
    )
    assert queries.find_department("市场监管局") is None
    names = queries.department_names()
    assert "市场监管局" not in names
    assert names["县市场监督管理局"] == office.unit_a.pk
    assert queries.codes("window")["A01"] == office.window_a1.pk
    assert queries.labels("department", [office.unit_a.pk]) == {office.unit_a.pk: "市场监管局"}
    assert queries.labels("window")[office.window_b1.pk] == "社保窗口"
