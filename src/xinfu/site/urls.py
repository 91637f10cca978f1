"""All addresses of the house; an app that this installation leaves out has none."""

from __future__ import annotations

from importlib import import_module

from django.urls import URLPattern, URLResolver, include, path

from xinfu.site.api import api, is_there

MOUNTED = (
    ("cases/", "cases"),
    ("items/", "catalog"),
    ("indicators/", "indicators"),
    ("papers/", "papers"),
    ("reports/", "reports"),
    ("ratings/", "ratings"),
    ("assignments/", "assignments"),
    ("", "site"),  # last: their many addresses would be tried for every page of the others
    ("", "people"),
)


def _mount(prefix: str, app: str) -> list[URLPattern | URLResolver]:
    module = f"xinfu.{app}.screens"
    if not is_there(module, app) or not hasattr(import_module(module), "urlpatterns"):
        return []
    return [path(prefix, include(module))]


urlpatterns: list[URLPattern | URLResolver] = [
    *(pattern for prefix, app in MOUNTED for pattern in _mount(prefix, app)),
    path("api/v1/", api.urls),
]
handler400 = "xinfu.site.errors.bad_request"
handler403 = "xinfu.site.errors.forbidden"
handler404 = "xinfu.site.errors.not_found"
handler500 = "xinfu.site.errors.broken"
