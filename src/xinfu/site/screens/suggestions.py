"""投诉建议: the entry that every program of a government office must have; answered ones are listed."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from xinfu.core import clock, privacy
from xinfu.core.access import needs, public
from xinfu.core.refusal import NotFound, Refused
from xinfu.core.ui.forms import Text, refuse
from xinfu.people.session import actor_of
from xinfu.site import actions, queries
from xinfu.site.access import Can
from xinfu.site.models import Suggestion


class SuggestionForm(forms.Form):
    text = forms.CharField(
        label="要反映的问题或建议",
        widget=forms.Textarea(attrs={"rows": 5}),
        max_length=2000,
        help_text="内容加密保存，只有答复的工作人员能看到。请勿填写他人的身份证号和电话。",
    )


class AnswerForm(forms.Form):
    question = Text(label="公开的问题摘要", max_length=200, help_text="一句话，不含个人信息。")
    answer = forms.CharField(
        label="答复", widget=forms.Textarea(attrs={"rows": 5}), max_length=2000, help_text="将公开显示。"
    )


@public
def suggestions(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    may = actor.may(Can.SUGGEST)
    form = SuggestionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            actions.suggest(text=form.cleaned_data["text"], by=actor, at=clock.now())
        except Refused as refused:
            refuse(form, refused)
        else:
            messages.success(
                request, f"已收到，{queries.ANSWER_WORKDAYS}个工作日内答复，答复后公开列在本页。"
            )
            return redirect("site:suggestions")
    context = {
        "form": form,
        "may": may,
        "own": queries.own_suggestions(actor) if may else [],
        "answered": queries.answered_suggestions(),
    }
    return render(request, "site/suggestions.html", context, status=422 if form.errors else 200)


@needs(Can.ANSWER_SUGGESTIONS)
def suggestion(request: HttpRequest, pk: int) -> HttpResponse:
    actor = actor_of(request)
    found: Suggestion | None = queries.open_suggestions(actor).filter(pk=pk).first()
    if found is None:
        raise NotFound("这一条已经答复，或者不存在。")
    form = AnswerForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            actions.answer_suggestion(
                suggestion=found, question=given["question"], answer=given["answer"], by=actor, at=clock.now()
            )
        except Refused as refused:
            refuse(form, refused)
        else:
            messages.success(request, "已答复并公开。")
            return redirect("site:home")
    said = privacy.unseal(found.text_sealed).get("text", "")
    context = {"suggestion": found, "said": said, "form": form}
    return render(request, "site/suggestion.html", context, status=422 if form.errors else 200)
