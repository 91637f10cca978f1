"""常用语 (D5): sentences that are often written, of one's own or of one's unit, offered beside every text box."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from xinfu.core import journal
from xinfu.core.actor import Actor, Kind
from xinfu.core.models import Phrase
from xinfu.core.permissions import Can
from xinfu.core.refusal import Forbidden, NotFound, Refused
from xinfu.core.ui import text

MOST = 100
LENGTH = 500


@dataclass(frozen=True, slots=True)
class Shown:
    """A phrase as its reader meets it; `words` is what goes into the text box."""

    phrase: Phrase
    words: str
    is_own: bool
    may_change: bool


def _own(actor: Actor) -> Q:
    return Q(owner=actor.key, unit=None)


def _unit(actor: Actor) -> int | None:
    """Return the unit whose phrases the actor shares; an organisation outside is none of ours."""
    return actor.unit_id if actor.kind == Kind.PERSON else None


def places(actor: Actor, now: datetime) -> dict[str, str]:
    """Return the places that a phrase may hold, and what stands in them today."""
    return {
        "{今天}": text.day_cn(timezone.localdate(now)),
        "{姓名}": actor.name,
        "{单位}": actor.unit_name,
    }


def filled(words: str, known: dict[str, str]) -> str:
    """Return a phrase with its places filled."""
    for place, value in known.items():
        words = words.replace(place, value)
    return words


def offered(actor: Actor, now: datetime) -> list[Shown]:
    """Return the actor's phrases, then the unit's, each in its order."""
    known = places(actor, now)
    unit = _unit(actor)
    seen = _own(actor) if unit is None else _own(actor) | Q(unit=unit)
    found = Phrase.objects.filter(seen).order_by(F("unit").asc(nulls_first=True), "position", "pk")
    return [
        Shown(p, filled(p.text, known), p.unit is None, p.unit is None or actor.may(Can.SHARE)) for p in found
    ]


def get(actor: Actor, phrase_id: int) -> Shown:
    """Return a phrase that the actor sees."""
    unit = _unit(actor)
    seen = _own(actor) if unit is None else _own(actor) | Q(unit=unit)
    phrase = Phrase.objects.filter(seen, pk=phrase_id).first()
    if phrase is None:
        raise NotFound("没有找到这条常用语，可能已被删除。")
    return Shown(phrase, phrase.text, phrase.unit is None, phrase.unit is None or actor.may(Can.SHARE))


# --- actions -------------------------------------------------------------------------------------


def _checked(words: str) -> str:
    words = words.strip()
    if not words:
        raise Refused("empty", "请填写常用语的内容。", field="text")
    if len(words) > LENGTH:
        raise Refused("too_long", f"常用语最多{LENGTH}个字，现在是{len(words)}个字。", field="text")
    return words


def _to_change(phrase_id: int, by: Actor) -> Phrase:
    found = get(by, phrase_id)
    if not found.may_change:
        raise Forbidden("本单位的常用语由有共享权限的人维护，您可以另存为自己的。")
    return found.phrase


def _siblings(phrase: Phrase) -> Q:
    """Return the list that a phrase stands in: its unit's, or its owner's."""
    return Q(unit=phrase.unit) if phrase.unit is not None else Q(owner=phrase.owner, unit=None)


@transaction.atomic
def add(*, words: str, for_unit: bool, by: Actor, at: datetime) -> Phrase:
    """Add a phrase at the end of one's own, or of the unit's. Refuses: nothing, too long, twice, one too many."""
    words, unit = _checked(words), None
    if for_unit:
        if not by.may(Can.SHARE):
            raise Forbidden("您的角色不能维护本单位的常用语，请存为自己的。")
        unit = _unit(by)
        if unit is None:
            raise Refused("no_unit", "您没有所在单位，请存为自己的常用语。", field="for_unit")
    kept = Phrase.objects.filter(_own(by) if unit is None else Q(unit=unit))
    if kept.filter(text=words).exists():
        raise Refused("known", "已有同样的常用语，不用再加。", field="text")
    if kept.count() >= MOST:
        raise Refused("too_many", f"最多{MOST}条常用语，请先删除不用的。", field="text")
    last = kept.order_by("-position").values_list("position", flat=True).first() or 0
    phrase = Phrase.objects.create(
        owner=by.key,
        unit=unit,
        text=words,
        position=last + 1,
        changed_at=at,
        changed_by_name=by.name[:80],
    )
    journal.record("phrase.added", phrase, by=by, at=at, unit=unit)
    return phrase


@transaction.atomic
def change(*, phrase_id: int, version: int, words: str, by: Actor, at: datetime) -> None:
    """Change the words of a phrase, if nobody changed it since `version` was seen."""
    phrase, words = _to_change(phrase_id, by), _checked(words)
    _swap(phrase, version, by, at, text=words)
    journal.record("phrase.changed", phrase, by=by, at=at, unit=phrase.unit)


def _swap(phrase: Phrase, version: int, by: Actor, at: datetime, **changes: Any) -> None:
    same = Phrase.objects.filter(pk=phrase.pk, version=version)
    if same.update(version=F("version") + 1, changed_at=at, changed_by_name=by.name[:80], **changes):
        return
    now = Phrase.objects.filter(pk=phrase.pk).first()
    if now is None:
        raise NotFound("这条常用语刚刚被删除，您的修改未保存，可复制后另存。")
    raise Refused(
        "changed_meanwhile",
        f"该常用语已由{now.changed_by_name}于{text.when(now.changed_at)}修改，您的修改未保存，可复制后再改。",
    )


@transaction.atomic
def move(*, phrase_id: int, step: int, by: Actor, at: datetime) -> None:
    """Move a phrase one place up (-1) or down (1) in its list."""
    phrase = _to_change(phrase_id, by)
    order = list(
        Phrase.objects.filter(_siblings(phrase)).order_by("position", "pk").values_list("pk", flat=True)
    )
    here = order.index(phrase.pk)
    there = min(len(order) - 1, max(0, here + (1 if step > 0 else -1)))
    order.insert(there, order.pop(here))
    for position, pk in enumerate(order, 1):
        Phrase.objects.filter(pk=pk).exclude(position=position).update(position=position)
    journal.record("phrase.moved", phrase, by=by, at=at, step=step)


@transaction.atomic
def remove(*, phrase_id: int, by: Actor, at: datetime) -> None:
    """Delete a phrase."""
    phrase = _to_change(phrase_id, by)
    subject = journal.subject_of(phrase)
    phrase.delete()
    journal.record("phrase.removed", subject, by=by, at=at, unit=phrase.unit)
