"""Template tags of the house, built in to every template (docs/explain/screens.md)."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django import forms, template
from django.core.exceptions import ValidationError
from django.forms import BoundField
from django.middleware.csrf import get_token
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html, json_script
from django.utils.safestring import SafeString, mark_safe

from xinfu.core import privacy
from xinfu.core.flow import Choice
from xinfu.core.ui import icons, lists, text

register = template.Library()

for _name in ("when", "when_cn", "day", "day_cn", "thousands", "wan", "wan_money", "money", "points"):
    register.filter(_name, getattr(text, _name))
for _name in ("light", "band", "change", "number"):
    register.simple_tag(getattr(text, _name), name=_name)
register.filter("days", text.days)
register.filter("tail", text.tail)


@register.filter
def dash(value: Any) -> Any:
    return text.DASH if value is None or value == "" else value


@register.filter
def mask(value: str, kind: str) -> str:
    return privacy.mask(kind, value or "")


@register.simple_tag
def ratio(num: int | None, den: int | None, decimals: int = 2) -> str:
    return text.ratio(num, den, decimals)


@register.simple_tag(name="points")
def points_tag(num: int, den: int) -> str:
    """Print a difference num/den, in points, such as `{% points 7 20 %}` → 升0.35个百分点."""
    return text.points(Decimal(num) / Decimal(den)) if den else text.DASH


@register.simple_tag
def rank_change(new: int | None, old: int | None) -> SafeString:
    return text.change(new, old, rank=True)


@register.simple_tag
def local(value: Any, source: str = "", since: date | None = None) -> SafeString:
    """Print a value that the county set itself, with its mark, source and day in reach."""
    said = "；".join(
        p for p in (f"依据：{source}" if source else "", f"自{text.day_cn(since)}起" if since else "") if p
    )
    return format_html(
        '{} <span class="local" tabindex="0" title="{}">本地规定<span class="visually-hidden">（{}）</span></span>',
        value,
        said or "默认值",
        said or "默认值",
    )


@register.filter
def may_wait_until(days: Any, todo: Any) -> Any:
    """Return the days that a click may put a thing of the inbox off to."""
    return days.open_to(todo)


@register.filter
def cannot_wait(days: Any, todo: Any) -> Any:
    """Return why a thing of the inbox cannot be put off; nothing where it can."""
    return days.reason(todo)


@register.simple_tag
def icon(name: str) -> SafeString:
    return icons.svg(name)


@register.simple_tag
def crumb(label: str, url_name: str = "", *args: Any) -> SafeString:
    """Print one bread crumb; the last one, without an address, is the present page."""
    if not url_name:
        return format_html('<li class="breadcrumb-item active" aria-current="page">{}</li>', label)
    return format_html(
        '<li class="breadcrumb-item"><a href="{}">{}</a></li>', reverse(url_name, args=args), label
    )


@register.simple_tag(takes_context=True)
def back_to(context: template.Context, name: str, url_name: str, label: str = "返回列表") -> SafeString:
    """Print the link back to a list as it was left (L6)."""
    address = lists.kept_address(context["request"], name, reverse(url_name))
    return format_html(
        '<a class="back" href="{}" data-back="{}">{} {}</a>', address, name, icons.svg("back"), label
    )


@register.simple_tag
def number_link(label: Any, url: str) -> SafeString:
    """Print a published number that opens (A6)."""
    return format_html('<a class="opens" href="{}">{}</a>', url, label)


# --- forms ---------------------------------------------------------------------------------------


@register.simple_tag(takes_context=True)
def form_start(context: template.Context, draft: str = "") -> SafeString:
    """Print the hidden fields of every POST form: CSRF, the key against double sending, the draft's name."""
    request = context["request"]
    kept = request.POST.get("_once", "") if request.method == "POST" else ""
    return format_html(
        '<input type="hidden" name="csrfmiddlewaretoken" value="{}"><input type="hidden" name="_once" value="{}">{}',
        get_token(request),
        kept or secrets.token_urlsafe(12),
        format_html('<input type="hidden" name="_draft" value="{}" data-draft>', draft) if draft else "",
    )


@register.simple_tag
def submit(label: str = "提交", css: str = "btn-primary") -> SafeString:
    return format_html('<button type="submit" class="btn {}" data-busy="提交中…">{}</button>', css, label)


@register.simple_tag(takes_context=True)
def field(context: template.Context, bound: BoundField, draft: str = "", phrases: bool = True) -> SafeString:
    """Print a field: label above, hint, input, its errors, all tied together for screen readers (F5).

    A text area offers 常用语 (D5) to who is signed in; `phrases=False`, or the widget's `data-phrases="off"`, turns it off.
    """
    widget = bound.field.widget
    if bound.is_hidden:
        return SafeString(bound)
    ids = [
        i
        for i, there in ((f"{bound.auto_id}_hint", bound.help_text), (f"{bound.auto_id}_error", bound.errors))
        if there
    ]
    attrs: dict[str, Any] = {"class": _input_class(widget)}
    if ids:
        attrs["aria-describedby"] = " ".join(ids)
    if bound.errors:
        attrs["aria-invalid"] = "true"
        attrs["class"] += " is-invalid"
    is_text = isinstance(widget, forms.Textarea)
    if is_text:
        attrs["data-grow"] = "1"
    offers = phrases and is_text and _offers_phrases(context, widget)
    if draft:
        attrs["data-draft-key"] = draft
    group = isinstance(widget, forms.RadioSelect | forms.CheckboxSelectMultiple)
    return mark_safe(  # noqa: S308  (rendered by a template, which escapes)
        render_to_string(
            "ui/field.html",
            {
                "bound": bound,
                "said": _sentences(bound.form, bound.name),
                "input": bound.as_widget(attrs=attrs),
                "is_group": group,
                "is_check": isinstance(widget, forms.CheckboxInput),
                "offers": offers,
                "optional": not bound.field.required and not isinstance(widget, forms.CheckboxInput),
            },
        )
    )


def _offers_phrases(context: template.Context, widget: forms.Widget) -> bool:
    known = bool(getattr(context.get("shell"), "is_known", False))
    return known and widget.attrs.get("data-phrases") != "off"


LENGTHS = ("max_length", "min_length")


def _sentences(form: forms.BaseForm, name: str) -> list[str]:
    """Return a field's errors as sentences that name the field and say what to do (c6); a field's own words stay."""
    said: list[str] = []
    asked = form.fields[name]
    usual = {code: str(words) for code, words in type(asked).default_error_messages.items()}
    usual |= {"required": str(forms.Field.default_error_messages["required"])}
    for fault in form.errors.as_data().get(name, []):
        is_usual = fault.code in LENGTHS or str(fault.message) == usual.get(str(fault.code))
        sentence = _sentence(fault, str(form[name].label), is_choice=isinstance(asked, forms.ChoiceField))
        said += [sentence] if is_usual and sentence else [str(m) for m in fault.messages]
    return said


def _sentence(fault: ValidationError, label: str, *, is_choice: bool) -> str:
    """Return our sentence for one of Django's own faults, or nothing."""
    params = fault.params or {}
    if fault.code in LENGTHS:
        bound = "最多" if fault.code == "max_length" else "至少"
        return f"“{label}”{bound}{params.get('limit_value')}个字，现在是{params.get('show_value')}个字。"
    if fault.code == "invalid" and "整数" in str(fault.message):
        return f"“{label}”应为整数。"
    return {
        "required": f"请选择“{label}”。" if is_choice else f"请填写“{label}”。",
        "invalid_choice": f"“{label}”请从列出的选项中选择。",
    }.get(str(fault.code), "")


def _input_class(widget: forms.Widget) -> str:
    if isinstance(widget, forms.RadioSelect | forms.CheckboxSelectMultiple | forms.CheckboxInput):
        return "form-check-input"
    return "form-select" if isinstance(widget, forms.Select) else "form-control"


@register.simple_tag(takes_context=True)
def fields(context: template.Context, form: forms.BaseForm) -> SafeString:
    return SafeString("".join(field(context, form[name]) for name in form.fields))


@register.inclusion_tag("ui/errors.html")
def errors(form: forms.BaseForm) -> dict[str, Any]:
    """Print the summary of a form's errors: focused, each a link to its field (F3)."""
    names = [name for name in form.errors if name in form.fields]
    found = [(form[name].auto_id, said) for name in names for said in _sentences(form, name)]
    found += [("", str(e)) for e in form.non_field_errors()]
    return {"errors": found}


@register.inclusion_tag("ui/upload.html")
def upload(
    name: str,
    label: str,
    accept: str = "",
    limit: str = "",
    hint: str = "",
    multiple: bool = False,
    required: bool = True,
) -> dict[str, Any]:
    return {
        "name": name,
        "label": label,
        "accept": accept,
        "limit": limit,
        "hint": hint,
        "multiple": multiple,
        "required": required,
    }


# --- buttons of a flow ---------------------------------------------------------------------------

APART = ("退", "作废", "撤", "终止", "取消", "删")


@register.inclusion_tag("ui/choices.html", takes_context=True)
def choices(context: template.Context, found: Sequence[Choice], url_name: str, *args: Any) -> dict[str, Any]:
    """Print a flow's moves as buttons: at most one primary, 退回 and 作废 apart, closed ones with their reason (D4, A5)."""
    usual = [c for c in found if not c.label.startswith(APART)]
    apart = [c for c in found if c.label.startswith(APART)]
    primary = next((c.name for c in usual if c.reason is None), "")
    return {
        "usual": usual,
        "apart": apart,
        "primary": primary,
        "url": reverse(url_name, args=args),
        "request": context["request"],
    }


@register.inclusion_tag("ui/choice.html", takes_context=True)
def choice(context: template.Context, choice: Choice, url: str, primary: bool = False) -> dict[str, Any]:
    return {"choice": choice, "url": url, "primary": primary, "request": context["request"]}


# --- pieces --------------------------------------------------------------------------------------


@register.inclusion_tag("ui/timeline.html")
def timeline(steps: Sequence[Any]) -> dict[str, Any]:
    return {"steps": steps, "kinds": {s.kind for s in steps}}


@register.inclusion_tag("ui/facts.html")
def facts(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    return {"pairs": [(label, text.when(v) if isinstance(v, datetime) else dash(v)) for label, v in pairs]}


@register.inclusion_tag("ui/empty.html")
def empty(kind: str = "nothing", text: str = "", clear: str = "", who: str = "") -> dict[str, Any]:
    return {"kind": kind, "text": text, "clear": clear, "who": who}


@register.inclusion_tag("ui/progress_start.html")
def progress(url: str) -> dict[str, Any]:
    return {"url": url}


@register.inclusion_tag("ui/chart.html")
def chart(
    chart_id: str,
    options: dict[str, Any],
    head: Sequence[str],
    rows: Sequence[Sequence[Any]],
    title: str = "",
) -> dict[str, Any]:
    """Print a chart from plain options, and the table of the same numbers under it (§d)."""
    return {
        "chart_id": chart_id,
        "options": json_script(options, f"{chart_id}-options"),
        "head": head,
        "rows": rows,
        "title": title,
    }


@register.inclusion_tag("ui/list.html", takes_context=True)
def list_region(context: template.Context, page: lists.ListPage) -> dict[str, Any]:
    return {"page": page, "spec": page.spec, "request": context["request"]}


@register.filter
def same_as(value: Any, other: Any) -> bool:
    return bool(value == other)
