"""Screens of assigned items: the list with its lamps, one item, the forms that give, split and hand on."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from datetime import date
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path, reverse

from xinfu.assignments import actions, queries, rules
from xinfu.assignments.access import Can
from xinfu.assignments.flow import FLOW, STATUS_LABELS, UNDER_WAY, Status
from xinfu.assignments.models import Item, Source
from xinfu.core import clock, files
from xinfu.core.access import needs
from xinfu.core.actor import Actor
from xinfu.core.models import StoredFile
from xinfu.core.refusal import Refused
from xinfu.core.ui import Step, lists, moves, text
from xinfu.core.ui import forms as inputs
from xinfu.core.ui.lists import Column, ListSpec
from xinfu.people.session import actor_of

# --- the list ------------------------------------------------------------------------------------

_asked: ContextVar[tuple[Actor, date, rules.Limits]] = ContextVar("assigned_items_asked")
BOXES: dict[str, tuple[str, Callable[[Actor], Any]]] = {
    "mine": ("待本单位办理", queries.mine),
    "decide": ("待本单位确认或重新交办", queries.to_decide),
    "take": ("商请本单位接收", queries.to_take_over),
    "given": ("本单位交办的", queries.given),
}


class ItemFilter(forms.Form):
    q = inputs.Text(label="事项", required=False)
    box = forms.ChoiceField(
        label="范围",
        choices=[("", "全部"), *((code, label) for code, (label, _) in BOXES.items())],
        required=False,
    )
    status = forms.ChoiceField(
        label="状态",
        choices=[("", "全部"), *((str(s), label) for s, label in STATUS_LABELS.items())],
        required=False,
    )
    source = forms.ChoiceField(label="来源", choices=[("", "全部"), *Source.choices], required=False)


def _rows(actor: Actor) -> QuerySet[Item]:
    day = clock.today()
    _asked.set((actor, day, queries.limits(day)))
    return queries.items(actor)


def _narrow(rows: QuerySet[Item], wanted: dict[str, Any]) -> QuerySet[Item]:
    if q := wanted.get("q"):
        rows = rows.filter(title__contains=q)
    if box := wanted.get("box"):
        rows = rows.filter(BOXES[box][1](_asked.get()[0]))
    for name in ("status", "source"):
        if value := wanted.get(name):
            rows = rows.filter(**{name: value})
    return rows


def _lamp(item: Item) -> rules.Lamp:
    _, day, limits = _asked.get()
    return queries.lamp_of(item, day, limits)


def _lamp_word(item: Item) -> str:
    return queries.lamp_word(item, _lamp(item))


def _link(item: Item) -> str:
    return reverse("assignments:detail", args=[item.pk])


ITEMS = lists.register(
    ListSpec(
        name="assignments.list", title="交办督办", unit="件", rows=_rows,
        columns=(
            Column("title", "事项", link=_link),
            Column("lamp", "亮灯", value=_lamp_word,
                   cell=lambda i: text.band(str(_lamp(i)), _lamp_word(i))),
            Column("status", "状态", value=lambda i: i.get_status_display()),
            Column("due", "完成期限", value=lambda i: i.due_on, kind="day", sort="due_on"),
            Column("department", "承办单位", value=lambda i: i.department),
            Column("person", "责任人", value=lambda i: i.person, shown=False),
            Column("progress", "进度（%）", value=lambda i: i.progress, kind="int"),
            Column("giver", "交办单位", value=lambda i: i.giver),
            Column("source", "来源", value=lambda i: i.get_source_display(), shown=False),
            Column("given_at", "交办时间", kind="when", shown=False),
        ),
        order="due_on", form=ItemFilter, narrow=_narrow, visible=4, export=Can.EXPORT,
        nothing="还没有交办事项。可以从“交办”开始。",
        bulk=(
            lists.Bulk("remind", "催办", actions.remind, Can.CONFIRM, happens=("承办单位的历史里记一次催办",)),
        ),
    )
)  # fmt: skip


@needs(Can.SEE)
def item_list(request: HttpRequest) -> HttpResponseBase:
    actor = actor_of(request)
    context = {"may_give": actor.may(Can.GIVE)}
    return lists.respond(request, actor, ITEMS, template="assignments/list.html", context=context)


# --- one item ------------------------------------------------------------------------------------


def _note(label: str, *, required: bool = True) -> forms.Field:
    return inputs.Text(
        label=label,
        required=required,
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"max_length": f"{label}最多300字，请精简。"},
    )


class MoveForm(forms.Form):
    note = _note("办理情况或理由", required=False)
    due_on = inputs.Day(label="新的完成期限", required=False)


def _page(request: HttpRequest, actor: Actor, item: Item, form: MoveForm | None = None) -> HttpResponse:
    day = clock.today()
    lamp = queries.lamp_of(item, day, queries.limits(day))
    takes = item.transfer_to_id is not None and item.transfer_to_id in queries.reach(actor, Can.DO)
    owns = item.department_id in queries.reach(actor, Can.DO) and item.status in UNDER_WAY
    context = {
        "item": item,
        "lamp": text.band(str(lamp), queries.lamp_word(item, lamp)),
        "form": form or MoveForm(),
        "choices": FLOW.choices(item, actor),
        "steps": [Step(at, who, verb, note) for at, who, verb, note in queries.steps(item)],
        "lamps": queries.lamps(item),
        "parts": queries.parts(actor, item),
        "partners": "、".join(queries.partners(item)),
        "attachments": queries.attachments(item),
        "takes": takes,
        "owns": owns,
        "may_split": owns and item.parent_id is None,
        "may_override": actor.may(Can.OVERRIDE) and item.finished_at is None,
        "may_remind": item.giver_id in queries.reach(actor, Can.CONFIRM) and item.status in queries.DOING,
        "asks_day": item.status == Status.RETURNED,
        "decision": queries.decision_of(actor, item),
    }
    wrong = bool(form and form.errors)
    return render(request, "assignments/detail.html", context, status=422 if wrong else 200)


@needs(Can.SEE)
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    actor = actor_of(request)
    return _page(request, actor, queries.get_item(actor, pk))


HAPPENS = {
    "confirm": ["事项办结，不能再改", "亮灯记录和历史保留"],
    "withdraw": ["事项撤销，承办单位不用再办", "历史保留撤销人、时间和理由"],
}


@needs(Can.SEE)
def move(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Take one step, after a page that says what follows where it is final."""
    actor = actor_of(request)
    item = queries.get_item(actor, pk)

    def act(name: str, said: dict[str, Any], kept: list[StoredFile]) -> str:
        done = actions.move_item(
            item=item,
            move=name,
            note=said["note"],
            due_on=said["due_on"],
            files=kept,
            by=actor,
            at=clock.now(),
        )
        return moves.done(FLOW, name, done)

    return moves.take(
        request, FLOW, item, MoveForm(request.POST), by=actor, thing=item.title, happens=HAPPENS,
        back=_link(item), act=act, page=lambda form: _page(request, actor, queries.get_item(actor, pk), form),
        needs_note=actions.NEEDS_NOTE,
    )  # fmt: skip


@needs(Can.SEE)
def evidence(request: HttpRequest, pk: int, file_pk: int) -> HttpResponseBase:
    file, kept = queries.get_file(actor_of(request), pk, file_pk)
    return FileResponse(
        files.open_file(kept), as_attachment=True, filename=file.name, content_type=kept.content_type
    )


# --- forms of their own --------------------------------------------------------------------------


class GiveForm(forms.Form):
    title = inputs.Text(label="交办什么", max_length=100)
    text = inputs.Text(
        label="具体要求", required=False, max_length=1000, widget=forms.Textarea(attrs={"rows": 4})
    )
    source = forms.ChoiceField(label="来源", choices=Source.choices)
    source_name = inputs.Text(label="来源名称", required=False, max_length=100, help_text="如：第21周通报。")
    department = forms.TypedChoiceField(label="承办单位", coerce=int)
    staff_no = inputs.Text(
        label="责任人工号", required=False, max_length=20, help_text="须是承办单位的在岗人员。"
    )
    partners = forms.TypedMultipleChoiceField(
        label="配合单位", coerce=int, required=False, widget=forms.CheckboxSelectMultiple
    )
    due_on = inputs.Day(label="完成期限")

    def __init__(self, *args: Any, actor: Actor, **options: Any) -> None:
        super().__init__(*args, **options)
        units = queries.units(actor)
        self.fields["department"].choices = [("", "请选择"), *units]  # type: ignore[attr-defined]
        self.fields["partners"].choices = units  # type: ignore[attr-defined]


@needs(Can.GIVE)
def give(request: HttpRequest) -> HttpResponse:
    """Give an item; the address may bring the values of a bulletin or meeting along."""
    actor = actor_of(request)
    known = {name: request.GET[name] for name in GiveForm.base_fields if name in request.GET}
    form = GiveForm(request.POST or None, initial=known, actor=actor)
    if request.method == "POST" and form.is_valid():
        said = dict(form.cleaned_data)
        try:
            said |= queries.who(actor, said.pop("department"), said.pop("staff_no"), said.pop("partners"))
            item = actions.give(**said, by=actor, at=clock.now())
        except Refused as refused:
            inputs.refuse(form, refused)
        else:
            messages.success(request, f"已交办，现由{item.department}签收。")
            return redirect(_link(item))
    context = {"form": form, "heading": "交办事项", "verb": "交办", "item": None, "lead": ""}
    return render(request, "assignments/form.html", context, status=422 if form.errors else 200)


class ProgressForm(forms.Form):
    progress = forms.IntegerField(label="进度（%）", min_value=0, max_value=99)
    note = _note("进展情况")


class SplitForm(forms.Form):
    title = inputs.Text(label="分解出的事项", max_length=100)
    text = inputs.Text(
        label="具体要求", required=False, max_length=1000, widget=forms.Textarea(attrs={"rows": 3})
    )
    department = inputs.Text(label="承办单位", max_length=100, help_text="全称、简称或机构编码。")
    due_on = inputs.Day(label="完成期限")


class TransferForm(forms.Form):
    department = inputs.Text(label="商请哪个单位接收", max_length=100, help_text="全称、简称或机构编码。")
    note = _note("转办理由")


class AnswerForm(forms.Form):
    agree = forms.TypedChoiceField(
        label="是否接收", choices=[("1", "同意接收"), ("0", "不同意")], coerce=lambda v: v == "1",
        widget=forms.RadioSelect,
    )  # fmt: skip
    note = _note("说明（不同意的须写理由）", required=False)


class RemindForm(forms.Form):
    note = _note("催办内容", required=False)


class LampForm(forms.Form):
    lamp = forms.ChoiceField(
        label="改定为", choices=[(str(code), label) for code, label in rules.LAMPS.items()]
    )
    reason = _note("理由")


FORMS: dict[str, tuple[type[forms.Form], Callable[..., Item], str, str, Can]] = {
    "progress": (ProgressForm, actions.set_progress, "填报进度", "已填报。", Can.DO),
    "split": (SplitForm, actions.split, "分解事项", "已分解。全部分解事项办结后才能报结。", Can.DO),
    "transfer": (
        TransferForm,
        actions.ask_transfer,
        "转办",
        "已商请对方接收；对方同意前仍由本单位承办。",
        Can.DO,
    ),
    "answer": (AnswerForm, actions.answer_transfer, "答复转办", "已答复。", Can.DO),
    "remind": (RemindForm, actions.remind, "催办", "已催办。", Can.CONFIRM),
    "lamp": (LampForm, actions.override_lamp, "改定亮灯", "已改定，到下次月度亮灯为止。", Can.OVERRIDE),
}


def _act(name: str, request: HttpRequest, pk: int) -> HttpResponse:
    made, act, verb, done, _ = FORMS[name]
    actor = actor_of(request)
    item = queries.get_item(actor, pk)
    form = made(request.POST or None)
    if request.method == "POST" and form.is_valid():
        said = dict(form.cleaned_data)
        try:
            if "department" in said:
                said["department"] = queries.find_unit(said["department"])
            act(item=item, **said, by=actor, at=clock.now())
        except Refused as refused:
            inputs.refuse(form, refused)
        else:
            messages.success(request, done)
            still = queries.items(actor).filter(pk=pk).exists()
            return redirect(_link(item) if still else "assignments:list")
    lead = f"{item.title}，承办单位：{item.department}"
    context = {"form": form, "heading": verb, "verb": verb, "item": item, "lead": lead}
    return render(request, "assignments/form.html", context, status=422 if form.errors else 200)


def _view(name: str) -> Callable[..., HttpResponseBase]:
    def view(request: HttpRequest, pk: int) -> HttpResponse:
        return _act(name, request, pk)

    return needs(FORMS[name][4])(view)


urls: list[Any] = [
    path("", item_list, name="list"),
    path("give/", give, name="give"),
    path("<int:pk>/", detail, name="detail"),
    path("<int:pk>/move/", move, name="move"),
    path("<int:pk>/files/<int:file_pk>/", evidence, name="file"),
    *(path(f"<int:pk>/{name}/", _view(name), name=name) for name in FORMS),
]
