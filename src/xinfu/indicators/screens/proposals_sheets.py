"""Answers of city and province as a sheet: upload and check, look at each line, confirm; every sheet keeps its page."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from django import forms
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.http import content_disposition_header

from xinfu.core import clock
from xinfu.core.access import needs
from xinfu.core.refusal import NotFound, Refused
from xinfu.core.ui import forms as inputs
from xinfu.indicators import actions
from xinfu.indicators.access import Can
from xinfu.indicators.models import SheetStatus
from xinfu.indicators.proposals import reading
from xinfu.indicators.queries import proposals as queries
from xinfu.lib import tables
from xinfu.people.session import actor_of

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
LIMIT = 5 * 1024 * 1024


class SheetForm(forms.Form):
    file = forms.FileField(
        label="文件",
        help_text="CSV 或 XLSX，一行一个答复：编号、层级、结果、日期、文号、意见；最多500行",
        error_messages={"required": "请选择要导入的文件。", "empty": "文件是空的，请检查后重新选择。"},
    )

    def clean_file(self) -> UploadedFile[bytes]:
        file: UploadedFile[bytes] = self.cleaned_data["file"]
        if (file.size or 0) > LIMIT:
            raise forms.ValidationError("文件超过 5 MB，请只留需要的表。")
        return file


@needs(Can.ENTER_ANSWERS)
def answer_sheets(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    form = SheetForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            sheet = actions.check_sheet(
                chunks=file.chunks(), name=str(file.name or ""), by=actor, at=clock.now()
            )
        except Refused as refused:
            inputs.refuse(form, refused)
        else:
            return redirect("indicators:answer-sheet", sheet.pk)
    recent = list(queries.sheets(actor).order_by("-checked_at", "-pk")[:20])
    context = {"form": form, "recent": recent}
    return render(request, "indicators/answer_sheets.html", context, status=422 if form.errors else 200)


@needs(Can.ENTER_ANSWERS)
def answer_sheet(request: HttpRequest, pk: int) -> HttpResponse:
    sheet = queries.get_sheet(actor_of(request), pk)
    lines = queries.lines(sheet)
    context = {
        "sheet": sheet,
        "lines": sorted(lines, key=lambda line: (line.state != "refused", line.row)),
        "counts": queries.counts(lines),
        "is_open": sheet.status == SheetStatus.CHECKED,
    }
    return render(request, "indicators/answer_sheet.html", context)


@needs(Can.ENTER_ANSWERS)
def answer_sheet_move(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a checked sheet in, or drop it."""
    actor = actor_of(request)
    sheet = queries.get_sheet(actor, pk)
    move = request.POST.get("move", "")
    if request.method != "POST" or move not in {"take", "drop"}:
        raise NotFound()
    try:
        if move == "take":
            done = actions.take_sheet(sheet=sheet, by=actor, at=clock.now())
            counts = queries.counts(queries.lines(done))
            messages.success(request, f"已登记 {counts['taken']} 行，未收 {counts['refused']} 行。")
        else:
            actions.drop_sheet(sheet=sheet, by=actor, at=clock.now())
            messages.success(request, "已放弃，没有登记任何意见。")
    except Refused as refused:
        messages.error(request, refused.reason)
    return redirect("indicators:answer-sheet", pk)


@needs(Can.ENTER_ANSWERS)
def answer_template(request: HttpRequest) -> HttpResponse:
    out = BytesIO()
    tables.write_xlsx(out, reading.HEADS, [])
    answer = HttpResponse(out.getvalue(), content_type=XLSX)
    answer["Content-Disposition"] = content_disposition_header(True, "建议答复导入模板.xlsx") or "attachment"
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


urls: list[Any] = [
    path("proposals/answers/", answer_sheets, name="answer-sheets"),
    path("proposals/answers/template.xlsx", answer_template, name="answer-template"),
    path("proposals/answers/<int:pk>/", answer_sheet, name="answer-sheet"),
    path("proposals/answers/<int:pk>/move/", answer_sheet_move, name="answer-sheet-move"),
]
