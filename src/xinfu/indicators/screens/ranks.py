"""What others publish about us: tables of counties taken in from files, and looked at."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django import forms
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from xinfu.core import clock
from xinfu.core.access import needs
from xinfu.core.refusal import Refused
from xinfu.core.ui import forms as inputs
from xinfu.indicators import actions, queries
from xinfu.indicators.access import Can
from xinfu.indicators.screens import periods
from xinfu.people.session import actor_of

LIMIT = 20 * 1024 * 1024


class RanksForm(forms.Form):
    """A published table; what the file has no column for is said here."""

    file = forms.FileField(
        label="文件", help_text="CSV 或 XLSX，含地区、数值或名次；可含指标、开始日期、结束日期"
    )
    source = inputs.Text(label="来源", max_length=300, help_text="如：省大数据局2023年5月通报")
    indicator = forms.ChoiceField(label="指标", required=False, help_text="文件没有“指标”列时选择")
    frm = inputs.Day(label="开始日期", required=False, help_text="文件没有“开始日期”列时填写")
    to = inputs.Day(label="结束日期", required=False, help_text="文件没有“结束日期”列时填写")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["indicator"].choices = [  # type: ignore[attr-defined]
            ("", "文件里有"),
            *((one.code, one.title) for one in queries.all_definitions()),
        ]

    def clean_file(self) -> UploadedFile[bytes]:
        file: UploadedFile[bytes] = self.cleaned_data["file"]
        if (file.size or 0) > LIMIT:
            raise forms.ValidationError("文件超过 20 MB，请只留需要的表。")
        return file


@contextmanager
def on_disk(file: UploadedFile[bytes]) -> Iterator[Path]:
    """Keep an upload in a temporary file while it is read."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "table"
        with path.open("wb") as out:
            for chunk in file.chunks():
                out.write(chunk)
        yield path


@needs(Can.IMPORT)
def ranks(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    form = RanksForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            with on_disk(data["file"]) as path:
                done = actions.import_ranks(
                    path=path,
                    name=str(data["file"].name)[:200],
                    source=data["source"],
                    indicator=data["indicator"] or None,
                    frm=data["frm"],
                    to=data["to"],
                    by=actor,
                    at=clock.now(),
                )
        except Refused as refused:
            inputs.refuse(form, refused)
        else:
            messages.success(
                request,
                f"已导入：新增 {done.created} 行，更正 {done.corrected} 行，{done.unchanged} 行没有变化。",
            )
            return redirect("indicators:ranks")
    context = {"form": form, "recent": queries.recent_imports(actor)}
    return render(request, "indicators/ranks.html", context, status=422 if form.errors else 200)


@needs(Can.SEE)
def peers(request: HttpRequest, code: str) -> HttpResponse:
    actor = actor_of(request)
    one = queries.indicator(code)
    chosen = periods.choose(request)
    context = {
        "indicator": one,
        "chosen": chosen,
        "peers": queries.peers(actor, code, chosen.period.frm, chosen.period.to),
        "periods": [(periods.label_of(p), p) for p in queries.peer_periods(actor, code)[:24]],
        "may_import": actor.may(Can.IMPORT),
    }
    return render(request, "indicators/peers.html", context)
