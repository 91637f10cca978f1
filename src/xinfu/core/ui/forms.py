"""Small helpers of forms: refusals, cleaning of pasted text."""

from __future__ import annotations

import unicodedata
from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone

from xinfu.core.refusal import Forbidden, Refused


def refuse(form: forms.BaseForm, refused: Refused) -> None:
    """Put a refusal beside its field, or above the form where it names none; what the role lacks is a 403 page."""
    if isinstance(refused, Forbidden):
        raise refused
    form.add_error(refused.field if refused.field in form.fields else None, refused.reason)


def start_of(day: date) -> datetime:
    """Return the first moment of a day in the county's time; `at__date` would pass by the index on a moment."""
    return timezone.make_aware(datetime.combine(day, time.min))


def end_of(day: date) -> datetime:
    """Return the first moment after a day."""
    return start_of(day + timedelta(days=1))


def clean_pasted(text: str) -> str:
    """Return the text with full-width digits and letters folded and spaces at the ends removed (F7).

    Chinese punctuation stays as typed.
    """
    folded = "".join(
        unicodedata.normalize("NFKC", c) if "０" <= c <= "９" or "Ａ" <= c <= "ｚ" or c == "\u3000" else c
        for c in text
    )
    return folded.strip()


class DayInput(forms.DateInput):
    """A line to type a day in; a calendar of the browser's own opens beside it."""

    template_name = "ui/day_input.html"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        usual = {
            "inputmode": "numeric",
            "autocomplete": "off",
            "placeholder": "2026-11-24",
            "maxlength": "11",
        }
        super().__init__(attrs={**usual, **(attrs or {})}, format="%Y-%m-%d")


class Day(forms.DateField):
    """A day typed as 2026-11-24 or 20261124, or picked from the calendar (F8)."""

    widget = DayInput

    def __init__(self, **options: Any) -> None:
        options.setdefault("input_formats", ["%Y-%m-%d", "%Y%m%d", "%Y/%m/%d", "%Y年%m月%d日"])
        options.setdefault("error_messages", {"invalid": "日期请写成 2026-11-24 或 20261124。"})
        super().__init__(**options)

    def to_python(self, value: Any) -> Any:
        return super().to_python(clean_pasted(value) if isinstance(value, str) else value)


class Text(forms.CharField):
    """A line of text, cleaned of what pasting brings along."""

    def to_python(self, value: Any) -> Any:
        return super().to_python(clean_pasted(value) if isinstance(value, str) else value)
