"""Registries: the few places where another county adds things of its own."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Registry(Generic[T]):
    """Things by code, registered once each at start-up."""

    def __init__(self, what: str) -> None:
        self.what = what
        self._things: dict[str, T] = {}

    def add(self, code: str, thing: T) -> T:
        if code in self._things:
            raise ValueError(f"{self.what} {code} is registered twice")
        self._things[code] = thing
        return thing

    def __getitem__(self, code: str) -> T:
        return self._things[code]

    def __contains__(self, code: object) -> bool:
        return code in self._things

    def __iter__(self) -> Iterator[T]:
        return iter(self._things.values())

    def __len__(self) -> int:
        return len(self._things)

    def get(self, code: str) -> T | None:
        return self._things.get(code)

    def codes(self) -> list[str]:
        return list(self._things)


@dataclass(frozen=True, slots=True)
class SnapshotView:
    """A named table that indicators may count: its columns and the SELECT that fills it.

    `columns`: name → DuckDB type. `select`: SQL that runs on both SQLite and PostgreSQL and returns the columns in
    this order; one `{where}` for a partition's condition. `partition`: the date column by whose month it is cut,
    or None for a table exported whole. `revisions`: callable giving {month or "": revision}, so that only what
    changed is exported again. No personal data in it. `subject`: the heading of its indicators where they stand
    together, the title if blank.
    """

    name: str
    title: str
    columns: Mapping[str, str]
    select: str
    partition: str | None
    revisions: Callable[[], Mapping[str, int]]
    subject: str = ""


@dataclass(frozen=True, slots=True)
class DerivedView:
    """A named table made of others at reading, never exported: DuckDB's dialect over the views it names in `of`."""

    name: str
    title: str
    columns: Mapping[str, str]
    of: tuple[str, ...]
    select: str
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """Numerator or denominator of an indicator: which rows (`where`) and what is summed over them (`measure`)."""

    where: str
    measure: str = "1"


@dataclass(frozen=True, slots=True)
class Indicator:
    """One indicator as data. SQL is DuckDB's dialect over the named snapshot view; `$to` is the period's last day.

    `dated_by`: SQL expression of the day it counts by; blank for a stock that is counted as it stands on `$to`.
    `base`: rows that are looked at at all. `split`: a grain that it is always grouped by, its denominator being the
    whole over that grain (a share). `better`: up, down or none. `grains`: groups allowed. `unit`: %, 件, 工作日.
    `formula`: what numerator and denominator are, in Chinese. `mark`: 国家规定, 本地规定 …
    `few`: the local rule that says how many must stand under the line of a group before its figure is told.
    """

    code: str
    title: str
    counts: str
    formula: str
    view: str
    dated_by: str
    dated_label: str
    numerator: Part
    denominator: Part | None
    unit: str
    better: str
    source: str
    valid_from: date
    mark: str = "本地规定"
    grains: tuple[str, ...] = ("month", "week", "department", "window", "town", "item", "channel")
    decimals: int = 2
    base: str = ""
    split: str = ""
    imported_too: bool = False
    few: str = ""


# Use of the program may never be ranked or scored (国办函〔2026〕12号): logins, time online, views, likes, forwards,
# photos, check-ins.
FORBIDDEN_WORDS = (
    "登录",
    "在线时长",
    "浏览量",
    "浏览次数",
    "点赞",
    "转发",
    "照片数",
    "照片数量",
    "打卡",
    "签到",
    "积分",
)
FORBIDDEN_NAMES = frozenset(
    {
        "login",
        "logins",
        "last_login",
        "session",
        "sessions",
        "online_time",
        "online_minutes",
        "time_online",
        "page_views",
        "view_count",
        "clicks",
        "like_count",
        "likes",
        "forwards",
        "forward_count",
        "shares",
        "photo_count",
        "photos",
        "checkin",
        "checkins",
        "check_ins",
    }
)


class ForbiddenSource(ValueError):
    """An indicator counts the use of the program instead of results of service."""


class IndicatorRegistry(Registry[Indicator]):
    """Indicators by code; one that counts a forbidden source is refused."""

    def add(self, code: str, thing: Indicator) -> Indicator:
        parts = [p for p in (thing.numerator, thing.denominator) if p is not None]
        sql = " ".join([thing.view, thing.dated_by, thing.base, *(f"{p.where} {p.measure}" for p in parts)])
        names = set(re.findall(r"[a-z_]+", sql.lower()))
        text = thing.title + thing.counts + thing.formula
        found = sorted(names & FORBIDDEN_NAMES) + [word for word in FORBIDDEN_WORDS if word in text]
        if found:
            raise ForbiddenSource(f"indicator {code} counts what may not be ranked: {', '.join(found)}")
        return super().add(code, thing)


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the office's report: `write(context) -> list of paragraphs with figures` (see xinfu.reports)."""

    code: str
    heading: str
    order: int
    write: Callable[..., Any]
    reports: tuple[str, ...] = ("half_year",)


@dataclass(frozen=True, slots=True)
class Found:
    """One answer of the search across subjects."""

    title: str
    detail: str
    url: str
    kind: str


@dataclass(frozen=True, slots=True)
class Searcher:
    """An app's search: `find(actor, text, limit) -> list[Found]`; obeys `visible_to`."""

    code: str
    label: str
    find: Callable[..., list[Found]] = field(repr=False)


@dataclass(frozen=True, slots=True)
class NavItem:
    """One entry of the navigation by subject; shown to actors that have the permission."""

    group: str
    label: str
    url_name: str
    permission: str
    order: int = 100


snapshot_views: Registry[SnapshotView] = Registry("snapshot view")
derived_views: Registry[DerivedView] = Registry("derived view")


def subject_of(indicator: Indicator) -> str:
    """Return the heading under which an indicator stands: that of the view it counts."""
    view = snapshot_views.get(indicator.view) or derived_views.get(indicator.view)
    return (view.subject or view.title) if view is not None else "其他"


indicators = IndicatorRegistry("indicator")
sections: Registry[Section] = Registry("report section")
searchers: Registry[Searcher] = Registry("search")
navigation: Registry[NavItem] = Registry("navigation")


def searcher(code: str, label: str, find: Callable[..., list[Found]]) -> None:
    searchers.add(code, Searcher(code, label, find))


def navigate(group: str, label: str, url_name: str, permission: str, order: int = 100) -> None:
    navigation.add(url_name, NavItem(group, label, url_name, str(permission), order))
