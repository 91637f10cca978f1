"""Form inputs as HTML: Django's templates, except for the choices of a select.

Django renders one template for every choice; a list whose filters offer two hundred windows spent more than half
of its time on that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.forms.renderers import DjangoTemplates
from django.http import HttpRequest
from django.utils.html import conditional_escape, escape
from django.utils.safestring import SafeString, mark_safe

SELECT = "django/forms/widgets/select.html"
GROUPS = ("django/forms/widgets/checkbox_select.html", "django/forms/widgets/radio.html")


class Renderer(DjangoTemplates):
    """The house's form renderer (setting FORM_RENDERER)."""

    def render(
        self, template_name: str, context: dict[str, Any], request: HttpRequest | None = None
    ) -> SafeString:
        if template_name == SELECT:
            return select(context["widget"])
        if template_name in GROUPS:
            return group(context["widget"])
        return SafeString(super().render(template_name, context, request))


def select(widget: Mapping[str, Any]) -> SafeString:
    """Return a select from the context that Django gives to its template."""
    parts = [f'<select name="{escape(widget["name"])}"{_attributes(widget["attrs"])}>']
    for label, choices, _ in widget["optgroups"]:
        if label:
            parts.append(f'<optgroup label="{escape(label)}">')
        parts += _options(choices)
        if label:
            parts.append("</optgroup>")
    parts.append("</select>")
    return mark_safe("".join(parts))  # noqa: S308  (every value is escaped above)


def group(widget: Mapping[str, Any]) -> SafeString:
    """Return ticks or radio buttons, each in its label, from the context that Django gives to its template."""
    known = widget["attrs"]
    own = "".join(f' {name}="{escape(known[name])}"' for name in ("id", "class") if known.get(name))
    parts = [f"<div{own}>"]
    for label, choices, _ in widget["optgroups"]:
        if label:
            parts.append(f"<div><label>{conditional_escape(label)}</label>")
        parts += [f"<div>{_choice(one)}</div>" for one in choices]
        if label:
            parts.append("</div>")
    parts.append("</div>")
    return mark_safe("".join(parts))  # noqa: S308  (every value is escaped above)


def _choice(one: Mapping[str, Any]) -> str:
    value = "" if one["value"] is None else f' value="{escape(one["value"])}"'
    tag = f'<input type="{one["type"]}" name="{escape(one["name"])}"{value}{_attributes(one["attrs"])}>'
    if not one.get("wrap_label"):
        return tag
    to = one["attrs"].get("id")
    return f"<label{_attributes({'for': to}) if to else ''}>{tag} {conditional_escape(one['label'])}</label>"


def _options(choices: list[Mapping[str, Any]]) -> Iterator[str]:
    for one in choices:
        yield f'<option value="{escape(one["value"])}"{_attributes(one["attrs"])}>{conditional_escape(one["label"])}</option>'


def _attributes(attributes: Mapping[str, Any]) -> str:
    """Return attributes as they stand in a tag: False leaves one out, True gives its name alone."""
    if not attributes:
        return ""
    return "".join(
        f" {escape(name)}" if value is True else f' {escape(name)}="{escape(value)}"'
        for name, value in attributes.items()
        if value is not False
    )
