"""What happened in the case of a bad rating, as far as the rating lets it be known (triage of hall.md §1.3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils import timezone

from xinfu.cases import queries as cases
from xinfu.catalog import queries as catalog
from xinfu.core.actor import Actor
from xinfu.core.privacy import mask, unseal
from xinfu.core.refusal import NotFound
from xinfu.ratings import guards, telling, triage
from xinfu.ratings.access import Can
from xinfu.ratings.models import BadRating, Rating
from xinfu.ratings.notices import call_script
from xinfu.ratings.queries.loop import Now
from xinfu.ratings.triage import TOPIC_LABELS, Topic

Pairs = list[tuple[str, Any]]
HIDDEN = "匿名评价，同日评价较少，不显示"


@dataclass(frozen=True, slots=True)
class Look:
    """One thing to look at first: why, and what is known of it."""

    topic: Topic
    title: str
    because: list[str]
    pairs: Pairs


@dataclass(frozen=True, slots=True)
class Facts:
    """The rating, its case, what to look at first, and the words for the call."""

    rating: Pairs
    case: Pairs
    looks: list[Look]
    why_no_case: str
    why_no_call: str | None
    script: list[str]
    case_id: int | None = None
    lamp: Any = None
    reasons: list[str] = field(default_factory=list)


def may_show(rating: Rating, part: str) -> bool:
    """Tell whether window or item of a rating may be shown: an anonymous one's only among enough others of its day."""
    return telling.is_told(part, is_anonymous=rating.is_anonymous, told=rating.told)


def item_of(rating: Rating) -> str:
    return rating.item_name if may_show(rating, "item") else HIDDEN


def facts(actor: Actor, loop: BadRating, now: Now) -> Facts:
    """Return everything that the handler's screen and sheet say of a loop's rating and case."""
    rating = loop.rating
    item = item_of(rating)
    codes = triage.split(rating.reason_codes)
    case = _case(actor, rating)
    version = None
    if rating.item_code and item != HIDDEN:
        version = catalog.item_on(rating.item_code, case.received_on if case else rating.rated_on)
    lamp = cases.lamp(case, cases.today(now.at)) if case else None
    return Facts(
        rating=_said(actor, loop, item, codes),
        case=_case_pairs(case, lamp),
        looks=[_look(topic, codes, rating, case, lamp, version) for topic in triage.topics(codes)],
        why_no_case=_why_no_case(rating, case),
        why_no_call=guards.why_not_callable(loop),
        script=call_script(
            unit=str(loop.department or "县政务服务办公室"),
            item=rating.item_name,
            rated_on=rating.rated_on,
            level=rating.get_level_display(),
            reasons=triage.labels(codes),
            text=rating.text,
            name=mask("name", unseal(rating.sealed).get("name", "")),
        )
        if guards.why_not_callable(loop) is None
        else [],
        case_id=case.pk if case else None,
        lamp=lamp,
        reasons=triage.labels(codes),
    )


def _case(actor: Actor, rating: Rating) -> Any:
    if rating.case_id is None:
        return None
    try:
        return cases.get_case(actor, rating.case_id)
    except NotFound:
        return None


def _why_no_case(rating: Rating, case: Any) -> str:
    if case is not None:
        return ""
    if rating.is_anonymous:
        return "匿名评价不关联办件，请按反映的内容核实同类办件。"
    return "这条评价没有对应到您可以查看的办件。"


def _said(actor: Actor, loop: BadRating, item: str, codes: Sequence[str]) -> Pairs:
    rating = loop.rating
    if rating.is_anonymous:
        who: Any = "匿名用户"
    else:
        said = unseal(rating.sealed)
        scope = actor.scope(Can.SEE_NAMES)
        known = scope.covers(loop.department_id) or scope.covers(loop.judge_id)
        who = mask("name", said.get("name", "")) if known else "实名（无权查看）"
        who = f"{who} {mask('phone', said['phone'])}" if known and said.get("phone") else who
    window = rating.window if may_show(rating, "window") else HIDDEN
    excluded: Pairs = []
    if rating.excluded_at:
        since = timezone.localdate(rating.excluded_at)
        excluded = [("不计入统计", f"自{since:%Y-%m-%d}起（申诉成立）")]
    return [
        ("满意度", rating.get_level_display()), ("理由", "；".join(triage.labels(codes)) or None),
        ("文字评价", rating.text or None), ("评价人", who), ("评价日期", rating.rated_on),
        ("评价渠道", rating.get_channel_display()), ("事项", item), ("窗口", window),
        ("来源", rating.get_origin_display()), *excluded,
    ]  # fmt: skip


def _case_pairs(case: Any, lamp: Any) -> Pairs:
    if case is None:
        return []
    return [
        ("办件编号", case.case_no), ("状态", case.get_state_display()), ("时限", lamp.word),
        ("收件", case.received_at), ("受理", case.accepted_at), ("办结", case.finished_at),
        ("到期日", case.due_on), ("经办人", case.handler_name or None), ("窗口", case.window),
    ]  # fmt: skip


def _look(topic: Topic, codes: Sequence[str], rating: Rating, case: Any, lamp: Any, version: Any) -> Look:
    because = [triage.BAD_REASONS[code] for code in codes if triage.TOPIC_OF.get(code) == topic]
    pairs = _clock(case, lamp) if topic == Topic.CLOCK else []
    if topic == Topic.STAFF:
        window = rating.window if may_show(rating, "window") else HIDDEN
        pairs = [("窗口", window), ("经办人", case.handler_name if case else None)]
    elif topic != Topic.CLOCK:
        pairs = _guide(topic, version)
    return Look(topic, TOPIC_LABELS[topic], because, pairs)


def _clock(case: Any, lamp: Any) -> Pairs:
    if case is None:
        return [("办件时钟", "没有对应的办件")]
    return [
        ("承诺", f"{case.promise_days}个工作日" if case.promise_days is not None else None),
        ("实际用时", f"{case.handling_days}个工作日" if case.handling_days is not None else None),
        ("停钟", f"{case.paused_days}个工作日"), ("时限", lamp.word),
    ]  # fmt: skip


def _guide(topic: Topic, version: Any) -> Pairs:
    if version is None:
        return [("办事指南", "没有找到办件当日有效的事项版本")]
    pairs: Pairs = [("办事指南版本", f"第{version.version}版，{version.since:%Y-%m-%d}起")]
    if topic == Topic.VISITS:
        pairs.append(("承诺到现场次数", version.visits))
    elif topic == Topic.ONLINE:
        pairs += [
            ("网上办理地址", version.online_url or None),
            ("移动端办理地址", version.mobile_url or None),
        ]
    else:
        groups = dict(catalog.guide(version))
        pairs += groups.get("材料", [])[:8]
    return pairs
