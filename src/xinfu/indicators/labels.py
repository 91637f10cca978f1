"""Codes and names of the groups that figures are counted by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta

from xinfu.cases import queries as cases
from xinfu.catalog import queries as catalog
from xinfu.core import clock
from xinfu.core.actor import system
from xinfu.indicators.engine import Value
from xinfu.people import queries as people

GRAIN_LABELS: Mapping[str, str] = {
    "month": "月份",
    "week": "周",
    "department": "部门",
    "window": "窗口",
    "town": "乡镇街道",
    "item": "事项",
    "channel": "渠道",
}
UNASSIGNED = "未归属"

Names = Mapping[Value, tuple[str, str]]


def names(grain: str, values: Iterable[Value]) -> Names:
    """Return code and name of each value of a grain, with one query at most."""
    wanted = {value for value in values if value is not None}
    ids = [value for value in wanted if isinstance(value, int)]
    if grain in ("department", "town"):
        found = _units(ids)
    elif grain == "window":
        found = _windows(ids)
    elif grain == "item":
        found = _items(ids)
    elif grain == "channel":
        found = _channels(wanted)
    else:
        found = {value: _day(grain, value) for value in wanted}
    return {None: ("", UNASSIGNED), **{value: found.get(value, (str(value), str(value))) for value in wanted}}


def _units(ids: list[int]) -> dict[Value, tuple[str, str]]:
    found = people.departments(system("indicators")).filter(pk__in=ids)
    return {pk: (code, name) for pk, code, name in found.values_list("pk", "code", "short_name")}


def _windows(ids: list[int]) -> dict[Value, tuple[str, str]]:
    found = people.windows(system("indicators")).filter(pk__in=ids)
    return {pk: (code, name) for pk, code, name in found.values_list("pk", "code", "name")}


def _channels(values: Iterable[Value]) -> dict[Value, tuple[str, str]]:
    field = cases.cases(system("indicators")).model._meta.get_field("channel")
    known = {str(code): str(label) for code, label in field.flatchoices}
    return {value: (str(value), known.get(str(value), str(value))) for value in values}


def _items(ids: list[int]) -> dict[Value, tuple[str, str]]:
    found = catalog.current_versions(system("indicators"), clock.today()).filter(item_id__in=ids)
    return {item: (code, name) for item, code, name in found.values_list("item_id", "item__code", "name")}


def _day(grain: str, value: Value) -> tuple[str, str]:
    if not isinstance(value, date):
        return (str(value), str(value))
    if grain == "month":
        return (f"{value:%Y-%m}", f"{value.year}年{value.month}月")
    last = value + timedelta(days=6)
    week = value.isocalendar().week
    return (value.isoformat(), f"第{week}周（{value.month}月{value.day}日至{last.month}月{last.day}日）")
