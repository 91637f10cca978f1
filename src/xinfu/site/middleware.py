"""Request numbers for the log, and refusals as pages or problem+json."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render

from xinfu.core.refusal import Forbidden, NotFound, Refused
from xinfu.site.logs import request_id

log = logging.getLogger("xinfu.access")


class RequestLog:
    """Give each request a short code (shown on error pages) and write one access line."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        code = secrets.token_hex(3).upper()
        request_id.set(code)
        started = time.perf_counter()
        response = self.get_response(request)
        log.info(
            "%s %s %s %.0fms",
            request.method,
            request.path,
            response.status_code,
            (time.perf_counter() - started) * 1e3,
        )
        response["X-Request-Id"] = code
        return response


class Refusals:
    """Turn a refusal that no screen caught into its page: 404, 403 or 409."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, Refused):
            return None
        status = 404 if isinstance(error, NotFound) else 403 if isinstance(error, Forbidden) else 409
        return render(request, "site/refused.html", {"refused": error, "status": status}, status=status)
