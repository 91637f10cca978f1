"""All addresses of the house; an app that this installation leaves out has none."""

from __future__ import annotations

from importlib.util import find_spec

from django.apps import apps
from django.urls import URLPattern, URLResolver, include, path

from xinfu.site.api import api

MOUNTED = (
    ("", "site"),
    ("", "people"),
    ("cases/", "cases"),
    ("items/", "catalog"),
    ("indicators/", "indicators"),
    ("papers/", "papers"),
    ("reports/", "reports"),
)


def _mount(prefix: str, app: str) -> list[URLPattern | URLResolver]:
    module = f"xinfu.{app}.screens"
    if not apps.is_installed(f"xinfu.{app}") or find_spec(module) is None:
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
