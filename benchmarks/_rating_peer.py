"""The peer of `bench ratings`: a bare Django project whose one view inserts one row, and nothing else.

It has what any Django page that takes a form from strangers has: CSRF protection and kept connections.
"""

from __future__ import annotations

import os

import dj_database_url
from django.conf import settings

DATABASE = {**dj_database_url.parse(os.environ["XINFU_BENCH_DATABASE"]), "CONN_MAX_AGE": 600}
settings.configure(
    ALLOWED_HOSTS=["*"],
    SECRET_KEY="bench",
    ROOT_URLCONF=__name__,
    DATABASES={"default": DATABASE},
    MIDDLEWARE=["django.middleware.csrf.CsrfViewMiddleware"],
    USE_TZ=True,
)

import django  # noqa: E402 -- needs the settings
from django.core.wsgi import get_wsgi_application  # noqa: E402 -- needs the settings
from django.db import connection  # noqa: E402 -- needs the settings
from django.http import HttpRequest, HttpResponse  # noqa: E402 -- needs the settings
from django.urls import path  # noqa: E402 -- needs the settings

django.setup()
TABLE = "CREATE TABLE bench_peer (id bigserial PRIMARY KEY, token text NOT NULL, level smallint NOT NULL)"


def rate(request: HttpRequest, token: str) -> HttpResponse:
    """Insert one row."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO bench_peer (token, level) VALUES (%s, %s)", [token, int(request.POST["level"])]
        )
    return HttpResponse("thanks")


urlpatterns = [path("ratings/r/<str:token>/", rate)]
application = get_wsgi_application()
