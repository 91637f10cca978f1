"""How messages leave the house: one sender of a small registry, named by the setting XINFU_MESSAGE_SENDER.

A county whose gateway speaks otherwise adds a sender of its own from an `apps.py`: `senders.add(MySender())`.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Iterable
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from xinfu.core.registry import Registry

TIMEOUT_SECONDS = 10
NOT_ITS_FAULT = frozenset({401, 403, 404, 405, 407, 408, 425, 429})
"""Answers of 4xx that say something of us or of the gateway, not of the message: it is tried again."""


class NotSent(Exception):
    """The message did not leave. `reason` is told to the office; where `is_final` it is not tried again."""

    def __init__(self, reason: str, *, is_final: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.is_final = is_final


class Sender(Protocol):
    """A way out. `send` must be idempotent by `key`: the second call with a key delivers nothing and is no fault.

    A worker may be killed after the gateway took a message and before that was kept: it is then sent again, under
    the same key. `send` raises NotSent, ends within two minutes, and puts neither number nor text into a log.
    """

    name: str
    label: str

    def send(self, key: str, to: str, text: str) -> None: ...

    def forget(self, keys: Iterable[str]) -> None:
        """Remove what the sender itself keeps of messages whose personal data is wiped."""


def digest(key: str) -> str:
    """Return the name by which the outside knows a key."""
    return hashlib.sha256(key.encode()).hexdigest()[:32]


class ConsoleSender:
    """Writes one file a message into XINFU_HOME/outbox and sends nothing: for trying out, and for tests."""

    name = "console"
    label = "只写入 outbox 目录，不真正发送"

    def send(self, key: str, to: str, text: str) -> None:
        """Put the whole file there at once, where none is: a worker that is killed leaves all of it or nothing."""
        path = self.path(key)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        fresh = (
            Path(settings.HOME) / "tmp" / f"message-{secrets.token_hex(8)}"
        )  # old ones are cleaned up there
        try:
            with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                json.dump({"key": key, "to": to, "text": text}, file, ensure_ascii=False)
                file.flush()
                os.fsync(file.fileno())
            os.link(fresh, path)
        except FileExistsError:
            return
        except OSError as fault:
            raise NotSent("outbox 目录写不进去，请检查磁盘。") from fault
        finally:
            fresh.unlink(missing_ok=True)

    def forget(self, keys: Iterable[str]) -> None:
        for key in keys:
            self.path(key).unlink(missing_ok=True)

    def path(self, key: str) -> Path:
        return Path(settings.HOME) / "outbox" / f"{digest(key)}.json"


class HttpSender:
    """Posts each message as JSON (key, to, text) to the county's gateway; no redirect is followed.

    Any 2xx means taken. Idempotency-Key carries the key, Authorization the token.
    """

    name = "http"
    label = "短信平台"

    def send(self, key: str, to: str, text: str) -> None:
        try:
            status = self._post(digest(key), to, text)
        except (OSError, HTTPException) as fault:
            raise NotSent("短信平台没有应答。") from fault
        if not 200 <= status < 300:
            is_final = 400 <= status < 500 and status not in NOT_ITS_FAULT
            raise NotSent(
                f"短信平台{'拒收' if is_final else '暂不可用'}（HTTP {status}）。", is_final=is_final
            )

    def forget(self, keys: Iterable[str]) -> None:
        """Do nothing: what the gateway keeps is its own."""

    def _post(self, key: str, to: str, text: str) -> int:
        url = urlsplit(settings.MESSAGE_URL)
        if url.scheme not in {"http", "https"} or not url.hostname:
            raise NotSent("没有设置短信平台的地址（XINFU_MESSAGE_URL）。")
        connect = HTTPSConnection if url.scheme == "https" else HTTPConnection
        headers = {"Content-Type": "application/json; charset=utf-8", "Idempotency-Key": key}
        if settings.MESSAGE_TOKEN:
            headers["Authorization"] = f"Bearer {settings.MESSAGE_TOKEN}"
        body = json.dumps({"key": key, "to": to, "text": text}, ensure_ascii=False).encode()
        gateway = connect(url.hostname, url.port, timeout=TIMEOUT_SECONDS)
        try:
            gateway.request("POST", f"{url.path or '/'}{'?' + url.query if url.query else ''}", body, headers)
            return gateway.getresponse().status
        finally:
            gateway.close()


senders: Registry[Sender] = Registry("message sender")


def add(sender: Sender) -> Sender:
    return senders.add(sender.name, sender)


def current() -> Sender:
    """Return the sender that the installation uses."""
    found = senders.get(settings.MESSAGE_SENDER)
    if found is None:
        raise ImproperlyConfigured(
            f"XINFU_MESSAGE_SENDER: {settings.MESSAGE_SENDER} is none of {senders.codes()}"
        )
    return found


add(ConsoleSender())
add(HttpSender())
