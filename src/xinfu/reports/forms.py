"""Forms of the reports' screens."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django import forms

from xinfu.core.ui.forms import Day, Text
from xinfu.reports import rules
from xinfu.reports.models import EnteredFigure, ReportKind, RunStatus

SUBJECTS = [(s.code, s.heading) for s in rules.SUBJECTS]


def usual_days(today: date) -> dict[str, date]:
    """Return the period that a report most likely wants: the half-year so far, in whole months."""
    last = today.replace(day=1) - timedelta(days=1)
    start = date(last.year, 1 if last.month <= 6 else 7, 1)
    return {"frm": start, "to": last, "as_of": today}


class PeriodForm(forms.Form):
    frm = Day(label="统计期开始")
    to = Day(label="统计期结束", help_text="统计数据截至这一天。")
    as_of = Day(label="截至", help_text="文中“目前”的日期；填报数据取截至此日的最近一次。")


class ReportForm(PeriodForm):
    kind = forms.ChoiceField(
        label="种类",
        choices=ReportKind.choices,
        help_text="周通报取开始日所在的一周，月分析取开始日所在的月。",
    )
    field_order = ("kind", "frm", "to", "as_of")


class CheckForm(PeriodForm):
    file = forms.FileField(label="稿件")


class RunFilter(forms.Form):
    kind = forms.ChoiceField(label="种类", choices=[("", "全部"), *ReportKind.choices], required=False)
    status = forms.ChoiceField(label="状态", choices=[("", "全部"), *RunStatus.choices], required=False)


class EnteredFilter(forms.Form):
    q = forms.CharField(label="名称", required=False, max_length=60)
    subject = forms.ChoiceField(label="板块", choices=[("", "全部"), *SUBJECTS], required=False)


class EnteredForm(forms.Form):
    subject = forms.ChoiceField(label="板块", choices=SUBJECTS)
    title = Text(label="名称", max_length=80, help_text="如“县级公共资源交易成交额”，文中接着写数值。")
    shown = Text(label="数值", max_length=40, help_text="照文中写法，如30.83亿元、12条、99.84%、第1。")
    definition = Text(label="口径", max_length=300, help_text="这个数是什么、怎样数出来的。")
    frm = Day(label="统计期开始")
    to = Day(label="统计期结束")
    cutoff_on = Day(label="数据截至")
    numerator = forms.IntegerField(label="分子", required=False, min_value=0)
    denominator = forms.IntegerField(label="分母", required=False, min_value=1)
    evidence = Text(label="依据", max_length=300, help_text="文件、台账或系统名称。")
    file = forms.FileField(label="依据文件", required=False)

    @property
    def values(self) -> dict[str, Any]:
        return {name: value for name, value in self.cleaned_data.items() if name != "file"}


def initial_of(row: EnteredFigure) -> dict[str, Any]:
    return {name: getattr(row, name) for name in EnteredForm.base_fields if name != "file"}
