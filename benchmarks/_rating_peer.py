"""The peer of `bench ratings`: a bare Django view that inserts one row of a rating, and nothing else.

The project's middleware is what `startproject` gives. The row goes by the ORM into the same table, with its keys,
checks and indexes, so that the database does the same work for it. Nothing is asked, counted, journalled or refused.
"""

from __future__ import annotations

import hashlib
import secrets

from django.conf import settings

settings.ROOT_URLCONF = __name__
settings.MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

import django  # noqa: E402 -- needs the settings
from django.core.wsgi import get_wsgi_application  # noqa: E402 -- needs the settings

django.setup()

from django.http import HttpRequest, HttpResponse  # noqa: E402 -- needs the apps
from django.urls import path  # noqa: E402 -- needs the apps
from django.utils import timezone  # noqa: E402 -- needs the apps

from xinfu.ratings.models import Rating  # noqa: E402 -- needs the apps


def rate(request: HttpRequest, token: str) -> HttpResponse:
    """Insert one row."""
    at = timezone.now()
    Rating.objects.create(
        code=secrets.token_hex(8), case_key=hashlib.sha256(token.encode()).digest()[:16], channel="3",
        level=int(request.POST["level"]), item_name="企业设立登记", rated_at=at, rated_on=timezone.localdate(at),
    )  # fmt: skip
    return HttpResponse("thanks")


urlpatterns = [path("ratings/r/<str:token>/", rate)]
application = get_wsgi_application()
