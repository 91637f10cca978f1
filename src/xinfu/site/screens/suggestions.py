"""投诉建议: the entry that every program of a government office must have; answered ones are listed."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from xinfu.core.access import public


@public
def suggestions(request: HttpRequest) -> HttpResponse:
    return render(request, "site/suggestions.html", {})
