"""The views that the indicators of ratings count: `ratings`, `bad_ratings`, and `ratable` made of ratings and cases.

No case, person or time of day is in them. A rating of a case cannot be joined to the case (an anonymous one names
none), so `ratable` puts the cases that could be rated beside the ratings that came, each by its own day. An anonymous
rating counts once its day is over and decided, by window, town and item only where staff are told these
(ratings.telling): nothing that is counted, by whatever groups and days, tells more than the list of ratings.
"""

from __future__ import annotations

# ruff: noqa: S608 -- statements are built from fixed names only
import hashlib
import zlib
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from django.db.models import Count, Max, Sum

from xinfu.core.models import LocalRule
from xinfu.core.registry import DerivedView, SnapshotView
from xinfu.ratings.models import BadRating, CallBack, Rating
from xinfu.ratings.statistics_local import CANNOT_COUNTS, CODES, EVERY_FINISH, FAIR_IS_GOOD, RATABLE_CASES
from xinfu.ratings.telling import ITEM, TOWN, WINDOW

RATING_COLUMNS = {
    "id": "BIGINT",
    "code": "VARCHAR",
    "rated_on": "DATE",
    "department_id": "BIGINT",
    "window_id": "BIGINT",
    "town_id": "BIGINT",
    "item_id": "BIGINT",
    "rated_via": "VARCHAR",
    "stage": "VARCHAR",
    "turn": "INTEGER",
    "level": "INTEGER",
    "is_anonymous": "BOOLEAN",
    "is_default": "BOOLEAN",
    "is_excluded": "BOOLEAN",
    "is_good": "BOOLEAN",
    "is_bad": "BOOLEAN",
}
BAD_COLUMNS = {
    "id": "BIGINT",
    "code": "VARCHAR",
    "rated_on": "DATE",
    "department_id": "BIGINT",
    "window_id": "BIGINT",
    "town_id": "BIGINT",
    "item_id": "BIGINT",
    "level": "INTEGER",
    "is_anonymous": "BOOLEAN",
    "is_default": "BOOLEAN",
    "is_excluded": "BOOLEAN",
    "status": "VARCHAR",
    "rectify_due_on": "DATE",
    "finished_on": "DATE",
    "cannot_out": "BOOLEAN",
    "is_called_back": "BOOLEAN",
    "is_appealed": "BOOLEAN",
    "is_appeal_checked": "BOOLEAN",
}

RULE_COLUMNS = {"id": "BIGINT", "since": "DATE", "until": "DATE", "every_finish": "BOOLEAN"}
RATABLE_COLUMNS = {
    "counted_on": "DATE",
    "department_id": "BIGINT",
    "window_id": "BIGINT",
    "town_id": "BIGINT",
    "item_id": "BIGINT",
    "cases": "INTEGER",
    "rated": "INTEGER",
}


def _rule(code: str, default: str) -> str:
    """Return SQL for the local rule in force on the day of the rating, as text of its JSON."""
    known = f"core_localrule l WHERE l.code = '{code}' AND l.since <= r.rated_on"
    return f"COALESCE((SELECT CAST(l.value AS TEXT) FROM {known} ORDER BY l.since DESC LIMIT 1), '{default}')"


def _select(columns: Iterable[str], own: Mapping[str, str], tables: str) -> str:
    chosen = ", ".join(f"{own.get(name, 'r.' + name)} AS {name}" for name in columns)
    return f"SELECT {chosen} FROM {tables} WHERE {_DECIDED} AND ({{where}}) ORDER BY 1"


def _told(column: str, part: int) -> str:
    """Return SQL for a column of a rating that is blank where an anonymous one hides it."""
    return f"CASE WHEN r.is_anonymous AND COALESCE(r.told, 0) & {part} = 0 THEN NULL ELSE r.{column} END"


_DECIDED = "(NOT r.is_anonymous OR r.told IS NOT NULL)"
_SHARED = {
    "is_default": "(r.channel = '7')",
    "is_excluded": "(r.excluded_at IS NOT NULL)",
    "window_id": _told("window_id", WINDOW),
    "town_id": _told("town_id", TOWN),
    "item_id": _told("item_id", ITEM),
}
_RATING_OWN = {
    **_SHARED,
    "rated_via": "r.channel",
    "is_good": f"(r.level >= 4 OR (r.level = 3 AND {_rule(FAIR_IS_GOOD, 'yes')} LIKE '%yes%'))",
    "is_bad": "(r.level <= 2)",
}
_BAD_OWN = {
    **_SHARED,
    "id": "b.id",
    "department_id": "b.department_id",
    "status": "b.status",
    "rectify_due_on": "b.rectify_due_on",
    "finished_on": "b.finished_on",
    "cannot_out": f"(b.status = '221' AND {_rule(CANNOT_COUNTS, 'yes')} LIKE '%no%')",
    "is_called_back": "(b.called_back_at IS NOT NULL)",
    "is_appealed": "EXISTS (SELECT 1 FROM ratings_badratingstep s WHERE s.loop_id = b.id AND s.move = 'appeal')",
    "is_appeal_checked": (
        "EXISTS (SELECT 1 FROM ratings_callback k WHERE k.loop_id = b.id AND k.kind = 'appeal' AND k.is_reached)"
    ),
}


def _month_sums(days: Iterable[tuple[Any, ...]]) -> dict[str, list[tuple[Any, ...]]]:
    months: dict[str, list[tuple[Any, ...]]] = {}
    for day, *facts in days:
        assert isinstance(day, date)
        months.setdefault(f"{day:%Y-%m}", []).append((day, *facts))
    return months


def _numbered(months: Mapping[str, Any]) -> dict[str, int]:
    """Return a number a month that changes with any of its facts, or with the local rules that the views read."""
    rules = list(
        LocalRule.objects.filter(code__in=CODES)
        .order_by("code", "since")
        .values_list("code", "since", "value")
    )
    return {
        month: int.from_bytes(hashlib.sha256(repr((facts, rules)).encode()).digest()[:7], "big")
        for month, facts in sorted(months.items())
    }


def rating_revisions() -> dict[str, int]:
    """Return month of rating → a number that changes with its rows: how many, which, and how many are excluded."""
    days = (
        Rating.objects.order_by("rated_on")
        .values_list("rated_on")
        .annotate(
            Count("id"),
            Sum("id"),
            Sum("department_id"),
            Count("excluded_at"),
            Max("excluded_at"),
            Count("told"),
            Sum("told"),
        )
    )
    return _numbered(_month_sums(days))


def bad_revisions() -> dict[str, int]:
    """Return month of rating → a number that changes with every step, call and hand-over of its bad ratings."""
    loops = (
        BadRating.objects.order_by("rating__rated_on")
        .values_list("rating__rated_on")
        .annotate(
            Count("id"),
            Max("moved_at"),
            Count("called_back_at"),
            Sum("department_id"),
            Count("finished_at"),
            Count("rating__told"),
            Sum("rating__told"),
        )
    )
    calls = dict(
        CallBack.objects.order_by("loop__rating__rated_on")
        .values_list("loop__rating__rated_on")
        .annotate(Count("id"))
    )
    return _numbered(_month_sums((*row, calls.get(row[0], 0)) for row in loops))


def rule_revisions() -> dict[str, int]:
    """Return a number that changes with the county's rule."""
    rules = LocalRule.objects.filter(code=RATABLE_CASES).order_by("since").values_list("since", "value")
    return {"": zlib.crc32(repr(list(rules)).encode())}


RATINGS = SnapshotView(
    name="ratings",
    title="评价",
    columns=RATING_COLUMNS,
    select=_select(RATING_COLUMNS, _RATING_OWN, "ratings_rating r"),
    partition="r.rated_on",
    revisions=rating_revisions,
)
BAD_RATINGS = SnapshotView(
    name="bad_ratings",
    title="差评处置",
    subject="评价",
    columns=BAD_COLUMNS,
    select=_select(BAD_COLUMNS, _BAD_OWN, "ratings_badrating b JOIN ratings_rating r ON r.id = b.rating_id"),
    partition="r.rated_on",
    revisions=bad_revisions,
)
RATABLE_RULES = SnapshotView(
    name="ratable_rules",
    title="主动评价率的分母（本地规定）",
    columns=RULE_COLUMNS,
    select=(
        f"SELECT l.id AS id, l.since AS since, LEAD(l.since) OVER (ORDER BY l.since) AS until, "
        f"CAST(l.value AS TEXT) LIKE '%{EVERY_FINISH}%' AS every_finish FROM core_localrule l "
        f"WHERE l.code = '{RATABLE_CASES}' AND {{where}} ORDER BY 1"
    ),
    partition=None,
    revisions=rule_revisions,
)
_GROUPS = "department_id, window_id, town_id, item_id"
RATABLE = DerivedView(
    name="ratable",
    title="可评价办件与主动评价",
    subject="评价",
    columns=RATABLE_COLUMNS,
    of=("cases", "ratings", "ratable_rules"),
    select=(
        f"SELECT finished_on AS counted_on, {_GROUPS}, 1 AS cases, 0 AS rated FROM cases "
        f"WHERE finished_on IS NOT NULL AND (normal_finish OR EXISTS (SELECT 1 FROM ratable_rules AS one "
        f"WHERE one.every_finish AND one.since <= finished_on AND (one.until IS NULL OR finished_on < one.until))) "
        f"UNION ALL "
        f"SELECT rated_on AS counted_on, {_GROUPS}, 0 AS cases, 1 AS rated FROM ratings "
        f"WHERE turn = 1 AND stage = '2' AND NOT is_default AND NOT is_excluded"
    ),
)
VIEWS = (RATINGS, BAD_RATINGS, RATABLE_RULES)
