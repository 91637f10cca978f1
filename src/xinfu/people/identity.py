"""Identity providers (a registry): who may say who somebody is. The local password is one; others are configured.

An installation lists unified log-ins (OpenID Connect) in the file that the setting IDENTITY_PROVIDERS names.
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.urls import reverse

from xinfu.core.registry import Registry

SIGNATURES = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
"""Signatures that a provider may be pinned to: never `none`, never one made with a shared secret."""
TRUST = ("never", "amr", "always")
STRONG = frozenset({"mfa", "otp", "hwk", "swk", "sc", "fpt", "face"})
"""Values of the claim amr (RFC 8176) that tell of a second factor."""


@dataclass(frozen=True, slots=True)
class IdentityProvider:
    """A way to say who one is; `code` stands in addresses, `label` on the button. The local password has no button."""

    code: str
    label: str


@dataclass(frozen=True, slots=True)
class OpenIdProvider(IdentityProvider):
    """A unified log-in by OpenID Connect: authorisation code with PKCE.

    `staff_no_claim`: the claim that carries the staff number, by which a prepared link is bound at the first log-in.
    `second_factor`: whether its log-in counts for two steps: never, amr (where the claim says so) or always.
    """

    issuer: str
    client_id: str
    client_secret: str = field(default="", repr=False)
    scopes: Sequence[str] = ("openid",)
    algorithms: Sequence[str] = ("RS256",)
    staff_no_claim: str = ""
    second_factor: str = "never"

    def __post_init__(self) -> None:
        fault = self._fault()
        if fault:
            raise ImproperlyConfigured(f"identity provider {self.code!r}: {fault}")

    def _fault(self) -> str:
        url = urlsplit(self.issuer)
        local = url.hostname in {"127.0.0.1", "localhost", "::1"}
        checks = {
            "code takes small letters, digits and -": re.fullmatch(r"[a-z][a-z0-9-]{0,38}", self.code),
            "label is missing": self.label,
            "client_id is missing": self.client_id,
            "issuer must be https": url.hostname
            and (url.scheme == "https" or (url.scheme == "http" and local)),
            "scopes must hold openid": "openid" in self.scopes,
            f"algorithms must be of {SIGNATURES}": self.algorithms
            and set(self.algorithms) <= set(SIGNATURES),
            f"second_factor must be one of {TRUST}": self.second_factor in TRUST,
        }
        return next((said for said, good in checks.items() if not good), "")


@dataclass(frozen=True, slots=True)
class Button:
    label: str
    url: str


providers: Registry[IdentityProvider] = Registry("identity provider")
PASSWORD = providers.add("password", IdentityProvider("password", "账号密码"))


def open_id(code: str) -> OpenIdProvider | None:
    """Return the unified log-in of a code, or None."""
    found = providers.get(code)
    return found if isinstance(found, OpenIdProvider) else None


def unified() -> list[OpenIdProvider]:
    return [one for one in providers if isinstance(one, OpenIdProvider)]


def buttons() -> list[Button]:
    """Return what stands on the log-in page beside the password: only what is configured."""
    return [Button(one.label, reverse("people:oidc", args=[one.code])) for one in unified()]


def offers_passkeys() -> bool:
    """Return whether passkeys can be made here: they hold for a domain, never for an address of numbers."""
    domain = str(settings.PASSKEY_DOMAIN)
    try:
        ipaddress.ip_address(domain.strip("[]"))
    except ValueError:
        return bool(domain)
    return False


def load(path: Path) -> list[OpenIdProvider]:
    """Return the unified log-ins that a file lists; none where there is no file. Raises ImproperlyConfigured."""
    if not path.is_file():
        return []
    try:
        listed: Any = json.loads(path.read_text(encoding="utf-8"))
        return [OpenIdProvider(**one) for one in listed]
    except (ValueError, TypeError) as fault:
        raise ImproperlyConfigured(f"{path.name}: {fault}") from fault


def register() -> None:
    """Add what the installation configures, once, at start-up."""
    for one in load(settings.IDENTITY_PROVIDERS):
        providers.add(one.code, one)
