"""Request codes for the log, refusals as pages or problem+json, sending once, drafts that were sent."""

from __future__ import annotations

import hashlib
import json
import logging
import secrets
import time
from collections.abc import Callable
from datetime import timedelta

from csp.constants import HEADER
from csp.middleware import CSPMiddleware
from csp.utils import build_policy
from django.core.cache import cache
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect, JsonResponse
from django.utils import timezone

from xinfu.core.access import only_reading
from xinfu.core.actor import ANONYMOUS, Kind
from xinfu.core.models import ApiReply
from xinfu.core.refusal import Refused
from xinfu.core.ui import drafts
from xinfu.site import errors
from xinfu.site.logs import request_id

log = logging.getLogger("xinfu.access")
faults = logging.getLogger("xinfu.faults")
ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # speakable on the phone: no I O 0 1

Respond = Callable[[HttpRequest], HttpResponseBase]


class RequestLog:
    """Give each request a short code (shown on error pages) and write one access line."""

    def __init__(self, get_response: Respond) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        code = "".join(ALPHABET[byte % 32] for byte in secrets.token_bytes(6))
        request_id.set(code)
        started = time.perf_counter()
        response = self.get_response(request)
        taken = (time.perf_counter() - started) * 1e3
        match = request.resolver_match
        held = match is not None and "token" in match.kwargs  # who reads the log must not hold the link
        path = f"/{match.route}" if match is not None and held else request.path
        log.info("%s %s %s %.0fms", request.method, path, response.status_code, taken)
        response["X-Request-Id"] = code
        return response


class ContentPolicy(CSPMiddleware):
    """Write the content security policy; what needs no nonce and asks for nothing else gets it as made once."""

    def __init__(self, get_response: Respond) -> None:
        super().__init__(get_response)
        self.plain = build_policy()

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if hasattr(request, "_csp_nonce") or any(name.startswith("_csp") for name in vars(response)):
            return super().process_response(request, response)
        response.setdefault(HEADER, self.plain)
        return response


class Refusals:
    """Turn what a view did not catch into its page: a refusal into 404, 403 or 409, a bare 405 into Chinese."""

    def __init__(self, get_response: Respond) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if response.status_code == 405 and not getattr(response, "content", b""):
            page = errors.page(request, 405)
            page["Allow"] = response.get("Allow", "")
            return page
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, RequestDataTooBig):
            return errors.page(request, 413)
        if isinstance(error, Refused):
            return errors.refusal(request, error)
        if isinstance(error, SuspiciousOperation):
            return None  # a bad request, no fault of the house
        faults.error("%s %s failed", request.method, request.path, exc_info=error)
        return None


class Once:
    """Make a second sending of the same form harmless (F12): it gets the answer of the first.

    A form carries `_once`; the first sending claims it, its redirect is kept for an hour. A form that came back with
    errors may be sent again. A draft named by `_draft` goes once its form went through (D5).
    """

    KEEP = 3600
    WAIT = 10.0

    def __init__(self, get_response: Respond) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        claimed = getattr(request, "once_key", None)
        sent = 300 <= response.status_code < 400
        if claimed and sent:
            cache.set(claimed, response["Location"], self.KEEP)
        elif claimed:
            cache.delete(claimed)
        actor = getattr(request, "actor", ANONYMOUS)
        if sent and request.method == "POST" and actor.kind != Kind.ANONYMOUS:
            draft = request.POST.get("_draft", "")
            if draft:
                drafts.drop(key=draft, by=actor)
        return response

    def process_view(
        self, request: HttpRequest, view: Callable[..., object], args: object, kwargs: object
    ) -> HttpResponse | None:
        if request.method != "POST" or errors.is_api(request):
            return None
        key = request.POST.get("_once", "")
        if not 0 < len(key) <= 40 or not key.replace("-", "").replace("_", "").isalnum():
            return None
        who = getattr(request, "actor", ANONYMOUS).key
        name = f"once:{who}:{key}"
        if cache.add(name, "", self.KEEP):
            request.once_key = name  # type: ignore[attr-defined]
            return None
        return self._second(request, name)

    def _second(self, request: HttpRequest, name: str) -> HttpResponse:
        deadline = time.monotonic() + self.WAIT
        while time.monotonic() < deadline:
            address = cache.get(name)
            if address:
                return HttpResponseRedirect(address)
            if address is None:
                break
            time.sleep(0.1)
        return errors.page(request, 409, "这份内容刚刚提交过，正在处理，请勿重复提交。稍后刷新即可看到结果。")


class ApiOnce:
    """Answer a repeated POST to the API as the first time (`Idempotency-Key`), and let no GET of it write.

    The key belongs to its caller; the same key with another content is refused; a first call that a dead process
    left unfinished may be tried again after ten minutes.
    """

    STALE = timedelta(minutes=10)

    def __init__(self, get_response: Respond) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not errors.is_api(request):
            return self.get_response(request)
        if request.method in {"GET", "HEAD"}:
            with only_reading():
                return self.get_response(request)
        key, actor = request.headers.get("Idempotency-Key", ""), getattr(request, "actor", ANONYMOUS)
        if request.method != "POST" or not key or actor.kind == Kind.ANONYMOUS:
            return self.get_response(request)
        if not 8 <= len(key) <= 100 or not key.isascii() or not key.isprintable():
            return errors.problem(400, "bad_idempotency_key", "Idempotency-Key 应为8到100个可见字符。")
        return self._answer(request, f"{actor.key}:{key}")

    def _answer(self, request: HttpRequest, key: str) -> HttpResponseBase:
        digest = hashlib.sha256(f"{request.path}\n".encode() + request.body).hexdigest()
        now = timezone.now()
        ApiReply.objects.filter(key=key, status=0, made_at__lt=now - self.STALE).delete()
        kept, new = ApiReply.objects.get_or_create(
            key=key, defaults={"request_sha256": digest, "made_at": now}
        )
        if not new:
            return self._again(kept, digest)
        try:
            response = self.get_response(request)
        except BaseException:
            ApiReply.objects.filter(key=key).delete()
            raise
        content = getattr(response, "content", b"")
        if response.status_code >= 500 or response.status_code == 401:
            ApiReply.objects.filter(key=key).delete()
        else:
            body = json.loads(content) if content else None
            ApiReply.objects.filter(key=key).update(status=response.status_code, body=body)
        return response

    def _again(self, kept: ApiReply, digest: str) -> HttpResponse:
        if kept.request_sha256 != digest:
            return errors.problem(
                422, "idempotency_key_reused", "这个 Idempotency-Key 已用于另一份内容，请换一个。"
            )
        if kept.status == 0:
            return errors.problem(409, "in_progress", "同一请求正在处理，请稍后再查。")
        kind = errors.PROBLEM if kept.status >= 400 else "application/json; charset=utf-8"
        if kept.body is None:
            return HttpResponse(status=kept.status)
        answer = JsonResponse(
            kept.body,
            status=kept.status,
            content_type=kind,
            safe=False,
            json_dumps_params={"ensure_ascii": False},
        )
        answer["Idempotent-Replayed"] = "true"
        return answer
