"""What people said of a window or an item, for everybody: no log-in, no cookie, no script needed (interface.md §b6)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import wraps
from typing import Any

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import path, reverse

from xinfu.core import clock
from xinfu.core.access import public
from xinfu.core.refusal import NotFound
from xinfu.core.ui import text
from xinfu.core.ui.forms import clean_pasted
from xinfu.ratings import rating_local
from xinfu.ratings.queries import published as queries
from xinfu.ratings.queries.published import Published

KEPT = 600
"""Seconds that a page's numbers are kept in the shared cache; a text that is withheld goes at once all the same."""
A_PAGE = 20
LONGEST_SEARCH = 40

View = Callable[..., HttpResponseBase]


def keeping(view: View) -> View:
    """Put into the shared cache what a view worked out, once it is through: inside, a GET writes nothing."""

    @wraps(view)
    def outer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = view(request, *args, **kwargs)
        for key, value in getattr(request, "to_keep", {}).items():
            cache.set(key, value, KEPT)
        return response

    return outer


def _kept(request: HttpRequest, key: str, make: Callable[[], Published]) -> Published:
    found: Published | None = cache.get(key)
    if found is None:
        found = make()
        request.to_keep = {key: found}  # type: ignore[attr-defined]
    return found


def shell_of(request: HttpRequest) -> dict[str, Any]:
    """Return what the bare frame needs; 大字版 is kept in the address, so that no cookie is needed."""
    large = request.GET.get("type") == "large"
    return {"large": large, "same": "?type=large" if large else ""}


@public
def choose(request: HttpRequest) -> HttpResponse:
    """Choose a window or an item; without a search, the windows."""
    q = clean_pasted(request.GET.get("q", "").replace("\0", ""))[:LONGEST_SEARCH]
    today = clock.today()
    context = {
        "q": q, "windows": queries.windows(q), "items": queries.items(q, today),
        "local_pages": rating_local.has_local_pages(today), **shell_of(request),
    }  # fmt: skip
    return render(request, "ratings/public_choose.html", context)


@keeping
@public
def of_window(request: HttpRequest, pk: int) -> HttpResponse:
    today = clock.today()
    try:
        window = queries.window(pk)
    except NotFound:
        return _unknown(request, "没有这个窗口。")
    found = _kept(request, f"published:window:{pk}:{today}", lambda: queries.of_window(pk, today))
    place = " · ".join(filter(None, (window.department.name, window.hall)))
    return _page(request, found, window.name, place, reverse("ratings:public-window", args=[pk]), today)


@keeping
@public
def of_item(request: HttpRequest, code: str) -> HttpResponse:
    today = clock.today()
    try:
        pk, item = queries.item(code.replace("\0", ""), today)
    except NotFound as missing:
        return _unknown(request, missing.reason)
    found = _kept(request, f"published:item:{pk}:{today}", lambda: queries.of_item(pk, today))
    url = reverse("ratings:public-item", args=[item.key])
    return _page(request, found, item.name, item.unit, url, today)


def _page(
    request: HttpRequest, found: Published, name: str, place: str, url: str, today: date
) -> HttpResponse:
    pages = max(1, -(-len(found.texts) // A_PAGE))
    number = request.GET.get("page", "1")
    page = min(max(int(number), 1), pages) if number.isascii() and number.isdigit() and len(number) < 5 else 1
    said = queries.texts(found.texts[(page - 1) * A_PAGE : page * A_PAGE])
    shell = shell_of(request)
    keep = "&type=large" if shell["large"] else ""
    context = {
        "found": found, "name": name, "place": place, "url": url, "months": _grouped(said), "page": page,
        "pages": pages, "newer": f"{url}?page={page - 1}{keep}#texts" if page > 1 else "",
        "older": f"{url}?page={page + 1}{keep}#texts" if page < pages else "",
        "frm": _month(found.frm), "to": _month(found.to), "good": text.ratio(found.good, found.total),
        "local_pages": rating_local.has_local_pages(today), **shell,
    }  # fmt: skip
    answer = render(request, "ratings/public_ratings.html", context)
    answer["Cache-Control"] = "max-age=60"
    return answer


def _grouped(said: list[queries.Text]) -> list[tuple[str, list[queries.Text]]]:
    months: dict[str, list[queries.Text]] = {}
    for one in said:
        months.setdefault(_month(one.month), []).append(one)
    return list(months.items())


def _month(day: date) -> str:
    return f"{day.year}年{day.month}月"


def _unknown(request: HttpRequest, sentence: str) -> HttpResponse:
    context = {"sentence": sentence, **shell_of(request)}
    return render(request, "ratings/public_unknown.html", context, status=404)


urls = [
    path("public/", choose, name="public"),
    path("public/window/<int:pk>/", of_window, name="public-window"),
    path("public/item/<str:code>/", of_item, name="public-item"),
]
