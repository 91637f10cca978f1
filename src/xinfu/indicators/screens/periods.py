"""The period of a board: presets and any two days, kept in the address."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from urllib.parse import urlencode

from django import forms
from django.http import HttpRequest

from xinfu.core import clock
from xinfu.core.refusal import Refused
from xinfu.core.ui import forms as inputs
from xinfu.indicators import rules
from xinfu.indicators.rules import Period


class PeriodForm(forms.Form):
    """Two days as text, such as 2023-01-01 or 20230101."""

    frm = inputs.Day(label="从")
    to = inputs.Day(label="到")


@dataclass(frozen=True, slots=True)
class Preset:
    """A period that people ask for by name."""

    label: str
    period: Period
    is_chosen: bool

    @property
    def query(self) -> str:
        return urlencode(days(self.period))


@dataclass(frozen=True, slots=True)
class Chosen:
    """The period in force on a page, the presets beside it, and the form with what was typed."""

    period: Period
    presets: list[Preset]
    form: PeriodForm
    refused: str = ""
    kept: dict[str, str] = field(default_factory=dict)

    @property
    def extra(self) -> str:
        """What else the address holds, to be put after a preset's days."""
        return f"&{urlencode(self.kept)}" if self.kept else ""

    @property
    def query(self) -> str:
        return urlencode(days(self.period))

    @property
    def label(self) -> str:
        return label_of(self.period)


def days(period: Period) -> dict[str, str]:
    return {"frm": period.frm.isoformat(), "to": period.to.isoformat()}


def label_of(period: Period) -> str:
    """Return a period in the office's words: 2023年5月, 2023年1—5月, or both days."""
    frm, to = period.frm, period.to
    if period == rules.month_of(frm):
        return f"{frm.year}年{frm.month}月"
    whole = frm.day == 1 and to == rules.month_of(to).to and frm.year == to.year
    if whole:
        return f"{frm.year}年{frm.month}—{to.month}月"
    if period == rules.week_of(frm):
        week = frm.isocalendar().week
        return f"{frm.year}年第{week}周（{frm.month}月{frm.day}日至{to.month}月{to.day}日）"
    return f"{frm.year}年{frm.month}月{frm.day}日至{to.year}年{to.month}月{to.day}日"


def presets(today: date) -> list[tuple[str, Period]]:
    this_month = rules.month_of(today)
    last_month = rules.month_of(this_month.frm - timedelta(days=1))
    week = rules.week_of(today - timedelta(days=7))
    named = [
        ("上周", week),
        ("本月", this_month),
        ("上月", last_month),
        ("截至上月的本年", Period(date(last_month.to.year, 1, 1), last_month.to)),
        ("今年以来", rules.year_to(today)),
    ]
    return list({period: (label, period) for label, period in reversed(named)}.values())[::-1]


def choose(request: HttpRequest, kept: dict[str, str] | None = None) -> Chosen:
    """Return the period that the address names, and what else it keeps; the year up to last month where it names none or a wrong one."""
    is_asked = bool(request.GET.get("frm") or request.GET.get("to"))
    form = PeriodForm(request.GET if is_asked else None)
    offered = presets(clock.today())
    default = dict(offered).get("截至上月的本年", offered[0][1])
    period, refused = default, ""
    if form.is_valid():
        frm, to = form.cleaned_data["frm"], form.cleaned_data["to"]
        if frm <= to:
            period = Period(frm, to)
        else:
            refused = f"开始日期 {frm} 晚于结束日期 {to}，现按 {label_of(default)} 显示。"
    elif is_asked:
        refused = f"日期没有读懂，请写成 2023-05-31 的样子。现按 {label_of(default)} 显示。"
    shown = PeriodForm(initial={"frm": period.frm, "to": period.to})
    return Chosen(period, [Preset(label, p, p == period) for label, p in offered], shown, refused, kept or {})


def day_or_refuse(text: str, label: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refused("bad_day", f"{label}“{text[:20]}”没有读懂，请写成 2023-05-31 的样子。") from None
