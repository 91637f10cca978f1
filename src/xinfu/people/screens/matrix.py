"""Who may what, and what a role sees."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse

from xinfu.core.access import ROLE_LABELS, Role, needs
from xinfu.core.refusal import NotFound
from xinfu.people import queries
from xinfu.people.access import Can
from xinfu.people.session import actor_of


@needs(Can.SEE_MATRIX)
def may(request: HttpRequest) -> HttpResponse:
    """Show the matrix of roles and permissions, made from the grant tables; `role` shows one column."""
    asked = request.GET.get("role", "")
    role = Role(asked) if asked in set(Role) else None
    context = {
        "table": queries.may_table(role),
        "role": role,
        "roles": [(r.value, label) for r, (label, _) in ROLE_LABELS.items()],
        "may_view_as": actor_of(request).may(Can.VIEW_AS),
    }
    return render(request, "people/may.html", context)


@needs(Can.VIEW_AS)
def view_as(request: HttpRequest, role: str) -> HttpResponse:
    """Draw a role's navigation and permissions without becoming it; nothing can be done from here."""
    if role not in set(Role):
        raise NotFound("没有这个角色。")
    chosen = Role(role)
    groups = [
        (group, [(item.label, _address(item.url_name)) for item in items])
        for group, items in queries.view_of(chosen)
    ]
    context = {
        "role": chosen,
        "label": ROLE_LABELS[chosen][0],
        "reach": ROLE_LABELS[chosen][1],
        "groups": groups,
        "table": queries.may_table(chosen),
    }
    return render(request, "people/view_as.html", context)


def _address(url_name: str) -> str:
    try:
        return reverse(url_name)
    except NoReverseMatch:
        return ""
