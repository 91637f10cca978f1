"""The client of OpenID Connect: authorisation code with PKCE, ID tokens checked against the provider's key set.

What a provider says of itself (discovery, keys) is kept in the process for an hour: losing it costs one request. A key
that is not in the set is looked for once anew, so a provider may change its keys at any time.
"""

from __future__ import annotations

import base64
import hashlib
import json
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from threading import Lock
from typing import Any
from urllib.parse import quote_plus, urlencode, urlsplit

from joserfc import jwt
from joserfc.errors import ClaimError, ExpiredTokenError, JoseError
from joserfc.jwk import KeySet

from xinfu.core.refusal import Refused
from xinfu.people.identity import OpenIdProvider

TIMEOUT_SECONDS = 10
LARGEST = 512 * 1024
KEEP_SECONDS = 3600
SKEW_SECONDS = 60

_kept: dict[str, tuple[float, dict[str, Any]]] = {}
_lock = Lock()


def forget() -> None:
    """Forget what providers said of themselves."""
    with _lock:
        _kept.clear()


# --- asking --------------------------------------------------------------------------------------


def _down(provider: OpenIdProvider) -> Refused:
    return Refused("provider_down", f"{provider.label}暂时连不上，请稍后再试，或用账号密码登录。")


def _ask(
    provider: OpenIdProvider, url: str, form: Mapping[str, str] | None = None, **headers: str
) -> tuple[int, dict[str, Any]]:
    """Return status and JSON object of an answer; no redirect is followed. Raises Refused where there is none."""
    parts = urlsplit(url)
    secure = urlsplit(provider.issuer).scheme == "https"
    if not parts.hostname or parts.scheme not in {"https", "http"} or (secure and parts.scheme != "https"):
        raise _down(provider)
    path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
    sent = {"Accept": "application/json", **headers}
    body = None
    if form is not None:
        sent["Content-Type"] = "application/x-www-form-urlencoded"
        body = urlencode(form)
    try:
        line = _connection(parts.scheme, parts.hostname, parts.port)
        try:
            line.request("GET" if body is None else "POST", path, body, sent)
            answer = line.getresponse()
            found: Any = json.loads(answer.read(LARGEST))
        finally:
            line.close()
    except (OSError, HTTPException, ValueError) as fault:
        raise _down(provider) from fault
    if not isinstance(found, dict):
        raise _down(provider)
    return answer.status, found


def _connection(scheme: str, host: str, port: int | None) -> HTTPConnection:
    if scheme == "https":
        context = ssl.create_default_context()
        return HTTPSConnection(host, port, timeout=TIMEOUT_SECONDS, context=context)
    return HTTPConnection(host, port, timeout=TIMEOUT_SECONDS)


def _document(provider: OpenIdProvider, url: str, *, fresh: bool = False) -> dict[str, Any]:
    with _lock:
        when, known = _kept.get(url, (0.0, {}))
    if known and not fresh and time.monotonic() - when < KEEP_SECONDS:
        return known
    status, found = _ask(provider, url)
    if status != 200:
        raise _down(provider)
    with _lock:
        _kept[url] = (time.monotonic(), found)
    return found


def described(provider: OpenIdProvider) -> dict[str, Any]:
    """Return what the provider says of itself; it must speak for the very issuer that is configured."""
    found = _document(provider, f"{provider.issuer.rstrip('/')}/.well-known/openid-configuration")
    if found.get("issuer") != provider.issuer:
        raise Refused("wrong_issuer", f"{provider.label}的签发方与本系统设置的不符，请联系系统管理员。")
    return found


# --- the way there and back ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Asked:
    """What this house made up for one log-in; it lies in the session and counts once."""

    state: str
    nonce: str
    verifier: str
    back: str


def authorization_url(provider: OpenIdProvider, asked: Asked) -> str:
    """Return where the person says who they are."""
    place = str(described(provider).get("authorization_endpoint") or "")
    if urlsplit(place).scheme not in {"https", urlsplit(provider.issuer).scheme}:
        raise _down(provider)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(asked.verifier.encode()).digest()).rstrip(b"=")
    query = {
        "response_type": "code",
        "client_id": provider.client_id,
        "redirect_uri": asked.back,
        "scope": " ".join(provider.scopes),
        "state": asked.state,
        "nonce": asked.nonce,
        "code_challenge": challenge.decode(),
        "code_challenge_method": "S256",
    }
    return f"{place}{'&' if '?' in place else '?'}{urlencode(query)}"


def claims_by_code(provider: OpenIdProvider, asked: Asked, code: str, at: datetime) -> dict[str, Any]:
    """Redeem the code and return the claims of a good ID token. Raises Refused, each fault its sentence."""
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": asked.back,
        "client_id": provider.client_id,
        "code_verifier": asked.verifier,
    }
    headers = {}
    if provider.client_secret:
        pair = f"{quote_plus(provider.client_id)}:{quote_plus(provider.client_secret)}"
        headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    status, found = _ask(provider, str(described(provider).get("token_endpoint") or ""), form, **headers)
    token = found.get("id_token")
    if status != 200 or not isinstance(token, str):
        raise Refused("code_refused", f"{provider.label}没有承认这次登录（可能已用过或超时），请重新登录。")
    return claims_of(provider, token, asked.nonce, at)


def claims_of(provider: OpenIdProvider, token: str, nonce: str, at: datetime) -> dict[str, Any]:
    """Return the claims of an ID token that is signed by the provider, for this house, for this log-in, in time."""
    place = str(described(provider).get("jwks_uri") or "")
    try:
        claims = _signed(provider, token, _document(provider, place))
    except (JoseError, ValueError, KeyError):
        try:
            claims = _signed(provider, token, _document(provider, place, fresh=True))
        except (JoseError, ValueError, KeyError) as fault:
            raise Refused(
                "bad_signature", f"{provider.label}的应答签名不对，已拒绝；请联系系统管理员。"
            ) from fault
    wrong = _claim_fault(provider, claims, nonce, at)
    if wrong:
        raise Refused(*wrong)
    return claims


def _signed(provider: OpenIdProvider, token: str, keys: Mapping[str, Any]) -> dict[str, Any]:
    listed = KeySet.import_key_set(
        {"keys": [k for k in keys.get("keys", []) if k.get("use", "sig") == "sig"]}
    )
    return dict(jwt.decode(token, listed, algorithms=list(provider.algorithms)).claims)


def _claim_fault(
    provider: OpenIdProvider, claims: Mapping[str, Any], nonce: str, at: datetime
) -> tuple[str, str] | None:
    rules = jwt.JWTClaimsRegistry(
        now=int(at.timestamp()),
        leeway=SKEW_SECONDS,
        iss={"essential": True, "value": provider.issuer},
        aud={"essential": True, "value": provider.client_id},
        sub={"essential": True},
        exp={"essential": True},
        iat={"essential": True},
        nonce={"essential": True, "value": nonce},
    )
    try:
        rules.validate(dict(claims))
    except ExpiredTokenError:
        return "token_expired", f"{provider.label}的应答已过期，请重新登录；如反复出现，请核对服务器时间。"
    except ClaimError as fault:
        return _FAULTS.get(fault.claim, _FAULTS["sub"])
    audience = claims["aud"]
    if claims.get("azp", provider.client_id) != provider.client_id or (
        isinstance(audience, list) and len(audience) > 1 and "azp" not in claims
    ):
        return _FAULTS["aud"]
    return None


_FAULTS = {
    "iss": ("wrong_issuer", "应答不是由设定的统一认证签发，已拒绝；请联系系统管理员。"),
    "aud": ("wrong_audience", "应答是给另一个系统的，已拒绝；请联系系统管理员。"),
    "nonce": ("wrong_nonce", "应答与本次登录对不上，已拒绝；请重新登录。"),
    "iat": ("token_ahead", "统一认证与本系统的时间相差过大，已拒绝；请联系系统管理员。"),
    "nbf": ("token_ahead", "统一认证与本系统的时间相差过大，已拒绝；请联系系统管理员。"),
    "sub": ("bad_token", "统一认证的应答缺少必要内容，已拒绝；请联系系统管理员。"),
}


def leaving_url(provider: OpenIdProvider, back: str) -> str:
    """Return where the person also leaves the provider; empty where it has no such place or does not answer."""
    try:
        place = str(described(provider).get("end_session_endpoint") or "")
    except Refused:
        return ""
    if urlsplit(place).scheme not in {"https", urlsplit(provider.issuer).scheme}:
        return ""
    return f"{place}?{urlencode({'client_id': provider.client_id, 'post_logout_redirect_uri': back})}"
