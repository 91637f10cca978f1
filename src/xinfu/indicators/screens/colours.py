"""The rule by which an indicator is coloured, set from a day on with its source."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from xinfu.core import clock
from xinfu.core.access import needs
from xinfu.core.refusal import Refused
from xinfu.core.ui import forms as inputs
from xinfu.indicators import actions, queries, rules
from xinfu.indicators.access import Can
from xinfu.people.session import actor_of

METHODS = (
    ("rank_quantile", "按全省名次（界写前百分之几，如前20%写 0.2）"),
    ("score", "按数值（界写数值，如 99）"),
    ("gap_to_target", "按与目标的差距（界写差多少，如 0.5）"),
    ("imported", "按导入的颜色（界不起作用，仍须填写）"),
)
LIMITED = ("green", "blue", "yellow", "orange")
OPEN = "red"


class ColourForm(forms.Form):
    """Limits from best to worst; a blank one leaves its colour out, the last colour takes the rest."""

    method = forms.ChoiceField(label="分色方法", choices=METHODS)
    since = inputs.Day(label="自何日起")
    source = inputs.Text(label="依据", max_length=300, help_text="文件名或会议决定")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for colour in LIMITED:
            label = f"{rules.COLOURS[colour]}档的界"
            self.fields[colour] = inputs.Text(label=label, required=False, max_length=20)

    def bounds(self) -> list[tuple[str, str | None]]:
        limits = [(colour, self.cleaned_data[colour]) for colour in LIMITED if self.cleaned_data[colour]]
        return [*limits, (OPEN, None)]


@needs(Can.SET)
def colours(request: HttpRequest, code: str) -> HttpResponse:
    one = queries.indicator(code)
    form = ColourForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            actions.set_colour_rule(
                indicator=code,
                since=data["since"],
                method=data["method"],
                bounds=form.bounds(),
                source=data["source"],
                by=actor_of(request),
                at=clock.now(),
            )
        except Refused as refused:
            inputs.refuse(form, refused)
        else:
            messages.success(request, "分色规则已设定，自所填日期起生效；以前各期仍按以前的规则。")
            return redirect("indicators:detail", code)
    context = {"indicator": one, "form": form, "limits": [form[colour] for colour in LIMITED]}
    return render(request, "indicators/colours.html", context, status=422 if form.errors else 200)
