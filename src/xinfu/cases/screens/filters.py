"""The filters of the list of cases; each narrows by an index."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet

from xinfu.cases import queries
from xinfu.cases.marks import MARKS
from xinfu.cases.models import CaseQuerySet, Channel, State
from xinfu.catalog import queries as catalog
from xinfu.core import clock
from xinfu.core.actor import Actor, system
from xinfu.core.ui import forms as inputs

ANY = ("", "全部")
MOST_ITEMS = 500
_asked: ContextVar[tuple[Actor, queries.Today]] = ContextVar("cases_asked")
"""Whose list is being made, and at which moment: kept with its rows for its filters and its columns."""


def begin_list(actor: Actor) -> CaseQuerySet:
    """Return the rows of a list before it is narrowed."""
    _asked.set((actor, queries.today()))
    return queries.cases(actor)


def asked() -> tuple[Actor, queries.Today]:
    return _asked.get()


ANY_MARK = -1
PERSONAL = re.compile(r"1[3-9]\d{9}|\d{17}[\dXx]|\d{15}")
IN_ADDRESS = "手机和证件号码不能写进网址，请用“按手机或证件查找”。"


def is_personal(said: str) -> bool:
    """Tell whether a text looks like a telephone or an identity number."""
    return PERSONAL.fullmatch(said.strip()) is not None


@dataclass(frozen=True, slots=True)
class Digest:
    """The keyed digest of a telephone or an identity number, as an address may carry it."""

    hex: str

    def __str__(self) -> str:
        return "按完整号码"


class DigestField(forms.Field):
    def to_python(self, value: Any) -> Digest | None:
        if not value:
            return None
        if re.fullmatch(r"[0-9a-f]{32}", str(value)) is None:
            raise ValidationError("查找条件已失效，请重新按手机或证件查找。")
        return Digest(str(value))


class CaseFilter(forms.Form):
    """What the list can be narrowed by; the first six are always in sight."""

    takes_actor = True

    q = inputs.Text(label="办件编号或尾号", required=False, max_length=50)
    state = forms.ChoiceField(label="状态", required=False, choices=[ANY, *State.choices])
    department = forms.TypedChoiceField(label="承办单位", required=False, coerce=int, empty_value=None)
    window = forms.TypedChoiceField(label="窗口", required=False, coerce=int, empty_value=None)
    received_from = inputs.Day(label="收件日期自", required=False)
    received_to = inputs.Day(label="收件日期至", required=False)
    light = forms.ChoiceField(label="时限", required=False, choices=[ANY, *queries.LIGHTS.items()])
    item = inputs.Text(label="事项名称或编码", required=False, max_length=100)
    town = forms.TypedChoiceField(label="乡镇街道", required=False, coerce=int, empty_value=None)
    channel = forms.ChoiceField(label="渠道", required=False, choices=[ANY, *Channel.choices])
    due_from = inputs.Day(label="到期日自（在办）", required=False)
    due_to = inputs.Day(label="到期日至（在办）", required=False)
    finished_from = inputs.Day(label="办结日期自", required=False)
    finished_to = inputs.Day(label="办结日期至", required=False)
    mark = forms.TypedChoiceField(
        label="质量标记",
        required=False,
        coerce=int,
        empty_value=None,
        choices=[ANY, (ANY_MARK, "有任何标记"), *((m.bit, m.label) for m in MARKS.values())],
    )
    batch = forms.IntegerField(label="导入批次", required=False, min_value=1, max_value=2**31)
    unified = forms.ChoiceField(
        label="2.0平台", required=False, choices=[ANY, ("1", "经2.0平台"), ("0", "未经2.0平台")]
    )
    who = DigestField(label="手机或证件", required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = queries.choices(actor)
        for name in ("departments", "towns", "windows"):
            field = self.fields[name[:-1]]
            assert isinstance(field, forms.ChoiceField)
            field.choices = [ANY, *getattr(known, name)]

    def clean_q(self) -> str:
        said = str(self.cleaned_data["q"])
        if is_personal(said):
            raise ValidationError(IN_ADDRESS)
        return said

    def clean(self) -> dict[str, Any]:
        wanted = super().clean() or {}
        for what, label in (("received", "收件"), ("due", "到期"), ("finished", "办结")):
            first, last = wanted.get(f"{what}_from"), wanted.get(f"{what}_to")
            if first and last and first > last:
                self.add_error(f"{what}_to", f"{label}日期的止日在起日之前，请改正。")
        return wanted


BY_NAME = {"q": "number", "department": "department", "window": "window", "town": "town", "state": "state",
           "channel": "channel", "batch": "batch", "mark": "mark", "light": "light", "received_from": "received_from",
           "received_to": "received_to", "finished_from": "finished_from", "finished_to": "finished_to",
           "due_from": "due_from", "due_to": "due_to"}  # fmt: skip


def narrow(found: QuerySet[Any], wanted: dict[str, Any]) -> CaseQuerySet:
    """Return the list's cases that the filters ask for."""
    said: dict[str, Any] = {BY_NAME[name]: value for name, value in wanted.items() if name in BY_NAME}
    if "item" in wanted:
        said["items"] = _items(wanted["item"])
    if "unified" in wanted:
        said["unified"] = wanted["unified"] == "1"
    if "who" in wanted:
        said["person"] = wanted["who"].hex
    actor, now = asked()
    return queries.cases(actor, queries.CaseFilter(**said), now)


def _items(said: str) -> Sequence[int]:
    known = catalog.current_versions(system("cases"), clock.today()).filter(catalog.matching(said))
    return list(known.order_by("pk").values_list("item_id", flat=True)[:MOST_ITEMS])
