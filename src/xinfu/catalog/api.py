"""The catalogue for other systems: a list with filters and a cursor, and one item with its versions."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema

from xinfu.catalog import queries, rules
from xinfu.catalog.access import Can
from xinfu.catalog.models import ItemVersion
from xinfu.core import clock
from xinfu.core.api import Day, needs
from xinfu.core.refusal import NotFound
from xinfu.people.session import actor_of

router = Router(tags=["事项"])
MOST = 500
LARGEST = 2**63 - 1


class ItemOut(Schema):
    """One item as its version in force says it."""

    id: int
    code: str
    catalog_code: str
    local_code: str
    version: int
    since: date
    until: date | None
    name: str
    task_type: str
    project_type: str
    department_id: int | None
    department_name: str
    statutory_days: int | None
    statutory_kind: str
    promise_days: int | None
    promise_kind: str
    visits: int | None
    online_url: str
    online_url_fault: str
    is_unified: bool


class VersionOut(Schema):
    """One version: its days and everything it says, by attribute."""

    version: int
    since: date
    until: date | None
    digest: str
    attributes: dict[str, Any]


class ItemDetailOut(ItemOut):
    versions: list[VersionOut]


class ItemsOut(Schema):
    """One page; `next` is the cursor of the page after it, empty on the last."""

    items: list[ItemOut]
    next: str


class ItemFilter(Schema):
    q: str = Field("", max_length=200)
    department: int | None = Field(None, ge=0, le=LARGEST)
    task_type: str = Field("", max_length=2)
    project_type: str = Field("", max_length=1)
    unified: bool | None = None
    on: Day | None = None
    cursor: int = Field(0, ge=0, le=LARGEST)
    limit: int = Field(100, ge=1, le=MOST)


@router.get("", response=ItemsOut, summary="事项列表", url_name="items")
@needs(Can.SEE)
def list_items(request: HttpRequest, wanted: Query[ItemFilter]) -> dict[str, Any]:
    """返回某日的事项版本（默认今天），按内部编号排列；每页最多 500 条，用 next 取下一页。"""
    actor = actor_of(request)
    rows = queries.current_versions(actor, wanted.on or clock.today()).filter(item_id__gt=wanted.cursor)
    if wanted.q.strip():
        rows = rows.filter(queries.matching(wanted.q))
    exact = {
        "department": wanted.department,
        "task_type": rules.clean_code(wanted.task_type) or None,
        "project_type": rules.clean_code(wanted.project_type) or None,
        "is_unified": wanted.unified,
    }
    rows = rows.filter(**{name: value for name, value in exact.items() if value is not None})
    found = list(rows.order_by("item_id")[: wanted.limit + 1])
    following = str(found[wanted.limit - 1].item_id) if len(found) > wanted.limit else ""
    return {"items": [_plain(version) for version in found[: wanted.limit]], "next": following}


@router.get("/{code}", response=ItemDetailOut, summary="一个事项及其各版本", url_name="item")
@needs(Can.SEE)
def one_item(request: HttpRequest, code: str) -> dict[str, Any]:
    """按实施编码返回一个事项：现行版本和全部版本。"""
    actor = actor_of(request)
    item = queries.items(actor).filter(code=rules.clean_code(code)).first()
    if item is None:
        raise NotFound()
    versions = queries.versions_of(item)
    shown = queries.in_force(versions, clock.today())
    return {
        **_plain(shown),
        "versions": [
            {
                "version": v.version,
                "since": v.since,
                "until": v.until,
                "digest": v.digest,
                "attributes": queries.content_of(v),
            }
            for v in versions
        ],
    }


_SAME = (
    "version", "since", "until", "name", "task_type", "project_type", "department_id", "department_name",
    "statutory_days", "statutory_kind", "promise_days", "promise_kind", "visits", "online_url", "is_unified",
)  # fmt: skip


def _plain(version: ItemVersion) -> dict[str, Any]:
    item = version.item
    return {
        "id": item.pk,
        "code": item.code,
        "catalog_code": item.catalog_code,
        "local_code": item.local_code,
        "online_url_fault": version.link_fault,
        **{name: getattr(version, name) for name in _SAME},
    }
