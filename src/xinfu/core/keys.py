"""Secrets of the installation: files under XINFU_HOME/keys, mode 0600, made at first use."""

from __future__ import annotations

import os
import secrets

from django.conf import settings


class Missing(LookupError):
    """A key that something was sealed under is not in the folder: taken out of use, or lost."""


def existing(name: str) -> bytes:
    """Return the secret `name` without ever making one. Raises Missing."""
    try:
        return bytes.fromhex((settings.HOME / "keys" / name).read_text().strip())
    except FileNotFoundError:
        raise Missing(name) from None


def secret(name: str, size: int) -> bytes:
    """Return the secret `name` of `size` bytes, making it once; two processes at once agree on one."""
    path = settings.HOME / "keys" / name
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = path.with_name(f".{name}.{os.getpid()}.{secrets.token_hex(4)}")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_hex(size))
        try:
            os.link(fresh, path)
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return bytes.fromhex(path.read_text().strip())


def put(name: str, text: str) -> None:
    """Write a small file beside the keys so that a reader sees the old text or the new, never half of it."""
    folder = settings.HOME / "keys"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = folder / f".{name}.{os.getpid()}.{secrets.token_hex(4)}"
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    fresh.replace(folder / name)
