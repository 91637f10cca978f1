"""What others read of the catalogue: items, the version in force on a day, versions set-wise, differences."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery

from xinfu.catalog import attributes, codes, local, rules
from xinfu.catalog.access import Can
from xinfu.catalog.attributes import ATTRIBUTES, COLUMNS, GROUPS, OUTSIDE, Attribute
from xinfu.catalog.models import Item, ItemBatch, ItemFinding, ItemVersion
from xinfu.core.actor import Actor
from xinfu.core.refusal import NotFound

UNITS = ("statutory_kind", "promise_kind")  # read together with their limits
ITEM_COLUMNS = ("catalog_code", "local_code")
OWN_COLUMNS = tuple(a.field for a in COLUMNS if a.field not in OUTSIDE and a.field not in ITEM_COLUMNS)


# --- one item --------------------------------------------------------------------------------------


def items(actor: Actor) -> QuerySet[Item]:
    """Return the items that the actor may open."""
    return Item.objects.visible_to(actor)


def get_item(actor: Actor, item_id: int) -> Item:
    actor.require(Can.SEE)
    item = items(actor).select_related("department").filter(pk=item_id).first()
    if item is None:
        raise NotFound()
    return item


def item_on(code: str, day: date) -> ItemVersion | None:
    """Return the version of an item in force on a day, by its implementation code or its 业务办理项编码."""
    known = [code, code[:31]] if len(code) == 33 else [code]
    return (
        ItemVersion.objects.filter(_in_force(day), item__code__in=known)
        .select_related("item", "department")
        .order_by("-item__code", "-since")
        .first()
    )


def _in_force(day: date) -> Q:
    return Q(since__lte=day) & (Q(until__isnull=True) | Q(until__gte=day))


def versions_of(item: Item) -> list[ItemVersion]:
    """Return all versions of an item, newest first."""
    return list(item.versions.select_related("item", "department", "batch").order_by("-since"))


def in_force(versions: Sequence[ItemVersion], day: date) -> ItemVersion:
    """Return the version that a screen shows first: in force on the day, else the last begun, else the first."""
    begun = [v for v in versions if v.since <= day]
    return max(begun, key=lambda v: v.since) if begun else min(versions, key=lambda v: v.since)


def state_of(version: ItemVersion, day: date, *, is_last: bool = True) -> str:
    """Return 在用, 未生效, 已取消, or 已更新 for a version that a later one replaced."""
    if version.since > day:
        return "未生效"
    if version.until is None or version.until >= day:
        return "在用"
    return "已取消" if is_last else "已更新"


def span(version: ItemVersion) -> str:
    """Return the days of a version in words."""
    first, last = version.since.isoformat(), version.until.isoformat() if version.until else ""
    if version.since == rules.OPEN_START:
        return f"至{last}（来源未注明生效日期）" if last else "一直有效（来源未注明生效日期）"
    return f"自{first}至{last}" if last else f"自{first}起"


# --- lists -----------------------------------------------------------------------------------------


def current_versions(actor: Actor, day: date) -> QuerySet[ItemVersion]:
    """Return each item's version in force on the day, or its last one where none is: what a list shows."""
    latest = ItemVersion.objects.filter(item=OuterRef("item"), since__lte=day).order_by("-since")
    first = ItemVersion.objects.filter(item=OuterRef("item")).order_by("since")
    shown = Q(pk=Subquery(latest.values("pk")[:1])) | Q(since__gt=day, pk=Subquery(first.values("pk")[:1]))
    return ItemVersion.objects.filter(shown, item__in=items(actor)).select_related("item", "department")


def search(actor: Actor, text: str, day: date, limit: int) -> list[ItemVersion]:
    """Return items whose name contains the text or whose code begins or ends with it."""
    found = current_versions(actor, day).filter(matching(text))
    return list(found.order_by("name", "pk")[:limit])


def department_ids() -> list[int]:
    """Return the departments that have items."""
    found = Item.objects.exclude(department=None).order_by("department_id")
    return list(found.values_list("department_id", flat=True).distinct())


def matching(text: str) -> Q:
    plain = rules.clean(text)
    code = rules.clean_code(text)
    by_code = (
        Q(item__code__istartswith=code)
        | Q(item__code__iendswith=code)
        | Q(item__local_code__istartswith=code)
    )
    return Q(name__icontains=plain) | Q(main_name__icontains=plain) | by_code | Q(item__catalog_code=code)


# --- set-wise for importers ------------------------------------------------------------------------

VERSION_COLUMNS: Mapping[str, str] = {
    "code": "VARCHAR",
    "since": "DATE",
    "until": "DATE",
    "version_id": "BIGINT",
    "item_id": "BIGINT",
    "name": "VARCHAR",
    "project_type": "VARCHAR",
    "promise_days": "INTEGER",
    "promise_kind": "VARCHAR",
    "promise_workdays": "INTEGER",
    "accept_limit_days": "INTEGER",
    "is_unified": "BOOLEAN",
    "department_id": "BIGINT",
}


def versions_for(codes: Iterable[str] | None = None, *, on: date | None = None) -> Iterator[tuple[Any, ...]]:
    """Yield rows as VERSION_COLUMNS says, for all items or those of the codes; days in between are inclusive.

    An item also appears under its local code where only one item has it. `on` is the day whose conversion of
    months and years holds (default: the newest).
    """
    wanted = None if codes is None else sorted(set(codes))
    fields = ("item__code", "item__local_code", "since", "until", "pk", "item_id", "name", "project_type",
              "promise_days", "promise_kind", "accept_limit_days", "is_unified", "department_id")  # fmt: skip
    single = _single_local_codes()
    rates = local.rates_on(on or date.max)
    for chunk in _chunks(wanted):
        rows = ItemVersion.objects.order_by("item_id", "since").values_list(*fields)
        if chunk is not None:
            rows = rows.filter(Q(item__code__in=chunk) | Q(item__local_code__in=chunk))
        for code, local_code, since, until, pk, item_id, name, project, days, kind, *rest in rows.iterator(
            5000
        ):
            workdays = rules.workdays(days, kind, rates)
            for key in (code, local_code) if local_code in single and local_code != code else (code,):
                yield (key, since, until, pk, item_id, name, project, days, kind, workdays, *rest)


def _single_local_codes() -> frozenset[str]:
    found = Item.objects.exclude(local_code="").values("local_code").annotate(n=Count("pk")).filter(n=1)
    return frozenset(found.order_by("local_code").values_list("local_code", flat=True))


def _chunks(codes: list[str] | None) -> Iterator[list[str] | None]:
    if codes is None:
        yield None
        return
    yield from (codes[i : i + 400] for i in range(0, len(codes), 400))


# --- reading one version ---------------------------------------------------------------------------


def content_of(version: ItemVersion) -> dict[str, object]:
    """Return all that a version says, by attribute."""
    own: dict[str, object] = {name: getattr(version, name) for name in OWN_COLUMNS}
    return {**own, **{name: getattr(version.item, name) for name in ITEM_COLUMNS}, **version.details}


@dataclass(frozen=True, slots=True)
class Difference:
    """One attribute that two versions say differently, as a person reads it."""

    label: str
    before: str
    after: str


def differences(a: ItemVersion, b: ItemVersion) -> list[Difference]:
    """Return what changed from version a to version b, in the order of the guide."""
    before, after = content_of(a), content_of(b)
    found = []
    for attribute in _in_guide_order():
        name = attribute.field
        was, now = (_said(attribute, content) for content in (before, after))
        if was != now and name in {*before, *after} and name not in UNITS:
            found.append(Difference(attribute.label, was, now))
    return found


def _in_guide_order() -> list[Attribute]:
    return sorted(
        (a for a in ATTRIBUTES.values() if a.field not in OUTSIDE), key=lambda a: GROUPS.index(a.group)
    )


def _said(attribute: Attribute, content: Mapping[str, object]) -> str:
    """Return one value in words; a term with its unit."""
    value = content.get(attribute.field)
    if attribute.kind == attributes.Kind.TERM:
        kind = str(content.get(f"{attribute.field.removesuffix('_days')}_kind") or "workday")
        return term(value if isinstance(value, int) else None, kind)
    return attributes.shown(attribute.field, value)


def term(days: int | None, kind: str) -> str:
    """Return a limit as the office writes it: 5个工作日, 1个月, 即办, 无期限."""
    if kind == "none":
        return "无期限"
    if days is None:
        return "—"
    unit = codes.DAY_KIND.label(kind)
    return "即办（0）" if days == 0 else f"{days}{'' if unit == '年' else '个'}{unit}"


def guide(version: ItemVersion) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return a version as a 办事指南: groups of label and value; a group that says nothing is left out."""
    content = content_of(version)
    hidden = {*UNITS, *OUTSIDE}
    asked = {"statutory_days", "promise_days"}
    groups = []
    for group in GROUPS:
        own = [a for a in ATTRIBUTES.values() if a.group == group and a.field not in hidden]
        pairs = [
            (a.label, _said(a, content))
            for a in own
            if a.field in asked or content.get(a.field) not in (None, "")
        ]
        if pairs:
            groups.append((group, pairs))
    return groups


def lacking(version: ItemVersion) -> list[str]:
    """Return the attributes that the national exchange asks for and this version lacks."""
    return [a.label for a in attributes.missing(content_of(version))]


# --- batches ---------------------------------------------------------------------------------------


def batches(actor: Actor) -> QuerySet[ItemBatch]:
    return ItemBatch.objects.all() if actor.may(Can.IMPORT) else ItemBatch.objects.none()


def get_batch(actor: Actor, batch_id: int) -> ItemBatch:
    actor.require(Can.IMPORT)
    batch = batches(actor).select_related("file").filter(pk=batch_id).first()
    if batch is None:
        raise NotFound()
    return batch


def findings(batch: ItemBatch) -> QuerySet[ItemFinding]:
    """Return what the check found, in the order of the file."""
    return batch.findings.order_by("row", "column", "pk")


KINDS: Mapping[str, str] = {
    "value": "取值读不懂", "row": "整行读不出", "promise": "承诺长于法定", "version": "版本的日期",
    "contradiction": "行与行矛盾", "repeated": "重复的行", "same_name": "同名不同码", "link": "网址", "department": "机构",
    "visits": "现场办理原因", "instant": "即办与承诺", "division": "行政区划", "organisation": "信用代码", "columns": "列",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class KindCount:
    kind: str
    label: str
    count: int


def kinds_of(batch: ItemBatch) -> list[KindCount]:
    """Return how many findings of each kind a batch has, the most serious kinds first."""
    counted = dict(batch.findings.order_by().values_list("kind").annotate(n=Count("pk")))
    return [KindCount(kind, label, counted[kind]) for kind, label in KINDS.items() if kind in counted]
