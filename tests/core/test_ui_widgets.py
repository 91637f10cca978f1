"""Inputs as the house writes them: the same as Django's templates give, only sooner."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.forms.renderers import DjangoTemplates
from django.utils.safestring import mark_safe
from hypothesis import given
from hypothesis import strategies as st

from xinfu.core.ui.widgets import Renderer

texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8)
choice = st.tuples(texts | st.integers() | st.none(), texts)
choices = st.lists(choice | st.tuples(texts.filter(bool), st.lists(choice, max_size=3)), max_size=6)
attributes = st.dictionaries(
    st.sampled_from(["class", "data-x", "required", "hidden"]), texts | st.booleans() | st.integers()
)


def tidy(html: str) -> str:
    """Drop the blanks that Django's templates leave between tags."""
    return re.sub(r">\s+", ">", re.sub(r"\n *", "", html))


@given(
    choices, attributes, st.lists(texts, max_size=2), st.sampled_from([forms.Select, forms.SelectMultiple])
)
def test_a_select_is_what_the_templates_would_print(
    offered: Any, attrs: dict[str, Any], picked: list[str], kind: type[forms.Select]
) -> None:
    widget = kind(choices=offered)
    value: Any = picked if kind is forms.SelectMultiple else (picked or [None])[0]
    ours = widget.render("who<", value, attrs, Renderer())
    theirs = widget.render("who<", value, attrs, DjangoTemplates())
    assert tidy(str(ours)) == tidy(str(theirs))


@given(
    choices,
    attributes,
    texts,
    st.sampled_from([forms.CheckboxSelectMultiple, forms.RadioSelect]),
    st.booleans(),
)
def test_ticks_and_radio_buttons_are_what_the_templates_would_print(
    offered: Any, attrs: dict[str, Any], picked: str, kind: Any, has_id: bool
) -> None:
    widget = kind(choices=offered)
    given_id = {"id": "i<"} if has_id else {}
    ours = widget.render("who<", picked, {**attrs, **given_id}, Renderer())
    theirs = widget.render("who<", picked, {**attrs, **given_id}, DjangoTemplates())
    assert tidy(str(ours)) == tidy(str(theirs))


def test_words_of_a_choice_cannot_become_tags() -> None:
    html = forms.Select(choices=[("<a>", "<script>"), ("b", mark_safe("<i>b</i>"))]).render(
        "x", "<a>", {}, Renderer()
    )
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert "<i>b</i>" in html


def test_other_inputs_are_rendered_by_the_templates() -> None:
    assert str(forms.TextInput().render("x", "1", {"id": "i"}, Renderer())) == str(
        forms.TextInput().render("x", "1", {"id": "i"}, DjangoTemplates())
    )
