"""Unified log-in by OpenID Connect, against a real provider in a process of its own (npm oidc-provider)."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from http.client import HTTPConnection
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

from tests import make
from tests.people.conftest import GOOD
from tests.people.test_second_factor import SECRET, code_at
from xinfu.core import privacy
from xinfu.core.access import Role
from xinfu.core.actor import Actor
from xinfu.core.refusal import Forbidden, Refused
from xinfu.core.registry import Registry
from xinfu.people import actions, identity, oidc
from xinfu.people.identity import IdentityProvider, OpenIdProvider
from xinfu.people.models import Account, Authenticator, LoginRecord, Person, ProviderLink

HERE = Path(__file__).parent
BACK = "http://testserver/login/with/county/back/"
LOGIN = "http://testserver/login/"


class RealProvider:
    """A process of oidc-provider on a port of its own, with keys that the test holds too."""

    def __init__(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])
        self.keys: list[RSAKey] = []
        self.process: subprocess.Popen[str] | None = None

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, *keys: RSAKey) -> None:
        self.keys = list(keys)
        node = shutil.which("node")
        if node is None or not (HERE.parents[1] / "node_modules" / "oidc-provider").is_dir():
            pytest.skip("node or npm's oidc-provider is not on this machine (npm ci)")
        command = [node, str(HERE / "provider.mjs"), str(self.port), BACK, LOGIN]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(
            command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True, cwd=HERE
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"keys": [key.as_dict(private=True) for key in keys]}))
        self.process.stdin.close()
        while (line := self.process.stdout.readline()) != "ready\n":
            assert line, "the provider did not start"

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            assert self.process.stdout is not None
            self.process.stdout.close()
            self.process = None

    def says(self, sub: str, staff_no: str = "", *, deny: bool = False) -> None:
        self.ask("PUT", "/who", body=json.dumps({"sub": sub, "staff_no": staff_no, "deny": deny}))

    def ask(
        self, method: str, path: str, body: str | None = None, jar: dict[str, str] | None = None
    ) -> str | None:
        """Send a request as a browser does, and return where it is sent on to."""
        line = HTTPConnection("127.0.0.1", self.port, timeout=20)
        cookies = {"Cookie": "; ".join(f"{k}={v}" for k, v in (jar or {}).items())} if jar else {}
        line.request(method, path, body, cookies)
        answer = line.getresponse()
        answer.read()
        for header in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = header.split(";")[0].partition("=")
            assert jar is not None
            jar[name] = value
        line.close()
        return answer.headers.get("Location")

    def token(self, **changes: Any) -> str:
        """Sign an ID token as the provider does, with one thing changed."""
        now = int(timezone.now().timestamp())
        usual = {"iss": self.issuer, "aud": "xinfu", "sub": "u1", "iat": now, "exp": now + 300, "nonce": "n"}
        claims = {k: v for k, v in {**usual, **changes}.items() if v is not None}
        return jwt.encode({"alg": "RS256", "kid": self.keys[0].kid}, claims, self.keys[0])


def new_key(kid: str) -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": kid, "use": "sig", "alg": "RS256"}, private=True)


@pytest.fixture(scope="module")
def process() -> Iterator[RealProvider]:
    real = RealProvider()
    real.start(new_key("first"))
    yield real
    real.stop()


def configured(real: RealProvider, **more: Any) -> OpenIdProvider:
    values = {"client_secret": "s3cret & more", "staff_no_claim": "staff_no", **more}
    return OpenIdProvider("county", "县统一认证", real.issuer, "xinfu", **values)


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Callable[[OpenIdProvider], OpenIdProvider]:
    """Return `use(provider)`: the house knows the password and this one."""

    def put(provider: OpenIdProvider) -> OpenIdProvider:
        known: Registry[IdentityProvider] = Registry("identity provider")
        known.add("password", identity.PASSWORD)
        known.add(provider.code, provider)
        monkeypatch.setattr(identity, "providers", known)
        return provider

    oidc.forget()
    return put


@pytest.fixture
def real(process: RealProvider, use: Callable[[OpenIdProvider], OpenIdProvider], db: None) -> RealProvider:
    use(configured(process))
    return process


@pytest.fixture
def linked(account: Account, real: RealProvider, admin: Actor, now: datetime) -> Account:
    """The clerk's account, prepared by an administrator: the first identity with the staff number is theirs."""
    provider = identity.open_id("county")
    assert provider is not None
    actions.allow_provider(account=account, provider=provider, by=admin, at=now)
    return account


def to_provider(client: Client, where: str = "/account/") -> str:
    answer = client.get("/login/with/county/", {"next": where})
    assert answer.status_code == 302, answer.content.decode()
    return str(answer["Location"])


def walk(real: RealProvider, url: str) -> dict[str, str]:
    """Go through the provider's pages as a browser and return what it sends back to us."""
    jar: dict[str, str] = {}
    for _ in range(12):
        parts = urlsplit(url)
        if parts.hostname == "testserver":
            return {k: v[0] for k, v in parse_qs(parts.query).items()}
        url = real.ask("GET", f"{parts.path}?{parts.query}", jar=jar) or ""
        url = f"{real.issuer}{url}" if url.startswith("/") else url
        assert url
    raise AssertionError("the provider did not send us back")


def come_in(client: Client, real: RealProvider, sub: str, staff_no: str = "", **session: str) -> Any:
    real.says(sub, staff_no)
    url = to_provider(client)
    if session:
        kept = client.session
        kept["oidc"] = {**kept["oidc"], **session}
        kept.save()
    return client.post("/login/with/county/finish/", walk(real, url))


def said(answer: Any) -> str:
    assert answer.status_code in {422, 503}, answer.status_code
    return str(answer.content.decode())


# --- the whole way -------------------------------------------------------------------------------


def test_the_first_log_in_binds_the_prepared_link_and_later_ones_know_the_subject_only(
    client: Client, real: RealProvider, linked: Account, clerk: Person
) -> None:
    answer = come_in(client, real, "u-17", clerk.staff_no)
    assert (answer.status_code, answer.url) == (302, "/account/")
    assert client.get("/account/").status_code == 200
    link = ProviderLink.objects.get()
    assert (link.issuer, link.subject) == (real.issuer, "u-17")
    assert link.last_used_at is not None
    other = Client()
    assert come_in(other, real, "u-17", "somebody else's number").url == "/account/"
    stranger = said(come_in(Client(), real, "u-18", clerk.staff_no))
    assert "没有关联" in stranger, "a bound link is not bound again to who has the same number"
    assert LoginRecord.objects.filter(outcome="unknown").count() == 1


def test_the_request_carries_state_nonce_and_pkce(client: Client, real: RealProvider) -> None:
    query = parse_qs(urlsplit(to_provider(client)).query)
    assert query["response_type"] == ["code"]
    assert query["code_challenge_method"] == ["S256"]
    assert len({query[k][0] for k in ("state", "nonce", "code_challenge")}) == 3
    assert query["redirect_uri"] == [BACK]


def test_the_page_on_the_way_back_writes_nothing_and_posts_on(client: Client, real: RealProvider) -> None:
    page = client.get("/login/with/county/back/", {"code": '"><script>', "state": "s"}).content.decode()
    assert 'action="/login/with/county/finish/"' in page
    assert "<script>" not in page.split("data-onward")[1].split("</form>")[0]


def test_no_account_is_found_by_number_or_name_without_an_administrators_link(
    client: Client, real: RealProvider, account: Account, clerk: Person
) -> None:
    before = Account.objects.count()
    assert "没有关联" in said(come_in(client, real, "u-1", clerk.staff_no))
    assert "没有关联" in said(come_in(client, real, account.username, clerk.staff_no))
    assert Account.objects.count() == before
    assert client.get("/account/").status_code == 302


def test_a_subject_that_the_administrator_named_comes_in(
    client: Client, real: RealProvider, account: Account, admin: Actor, now: datetime
) -> None:
    provider = identity.open_id("county")
    assert provider is not None
    actions.allow_provider(account=account, provider=provider, subject=" u-5 ", by=admin, at=now)
    assert come_in(client, real, "u-5").url == "/account/"


def test_no_password_of_ours_is_asked_for_and_log_out_leads_on_to_the_provider(
    client: Client, real: RealProvider, linked: Account, clerk: Person
) -> None:
    yesterday = timezone.localdate() - timedelta(days=1)
    Account.objects.filter(pk=linked.pk).update(must_change_password=True, temporary_ends_on=yesterday)
    come_in(client, real, "u-17", clerk.staff_no)
    assert client.get("/account/").status_code == 200
    client.post("/logout/")
    page = client.get("/login/").content.decode()
    assert "同时退出县统一认证" in page
    assert f"{real.issuer}/session/end?client_id=xinfu&amp;" in page
    assert "同时退出" not in client.get("/login/").content.decode()


def test_a_second_factor_of_ours_is_still_asked_where_the_provider_does_not_count_for_it(
    client: Client, process: RealProvider, real: RealProvider, linked: Account, clerk: Person, use: Any
) -> None:
    at = timezone.now()
    sealed = privacy.seal({"secret": SECRET})
    Authenticator.objects.create(account=linked, sealed=sealed, begun_at=at, confirmed_at=at)
    answer = come_in(client, real, "u-17", clerk.staff_no)
    assert answer.url == reverse("people:second")
    assert client.get("/account/").status_code == 302
    done = client.post(reverse("people:second"), {"code": code_at(timezone.now())})
    assert done.url == "/account/"
    use(configured(process, second_factor="always"))
    assert come_in(Client(), real, "u-17").url == "/account/"


@pytest.mark.parametrize(
    "trust, amr, strong",
    [
        ("never", ["mfa"], False),
        ("amr", ["pwd"], False),
        ("amr", ["pwd", "otp"], True),
        ("amr", None, False),
        ("amr", "mfa", False),
        ("always", None, True),
    ],
)
def test_when_a_providers_log_in_counts_for_two_steps(trust: str, amr: Any, strong: bool) -> None:
    from xinfu.people.actions.providers import counts_double

    provider = OpenIdProvider("p", "甲", "https://id.example", "x", second_factor=trust)
    assert counts_double(provider, {"amr": amr}) == strong


# --- refused, each with its sentence -------------------------------------------------------------


def test_a_state_that_is_not_ours_is_refused_and_the_asking_is_used_up(
    client: Client, real: RealProvider, linked: Account, clerk: Person
) -> None:
    real.says("u-17", clerk.staff_no)
    back = walk(real, to_provider(client))
    assert "对不上" in said(client.post("/login/with/county/finish/", {**back, "state": "x"}))
    assert "不是从本页面开始" in said(client.post("/login/with/county/finish/", back))
    assert "不是从本页面开始" in said(Client().post("/login/with/county/finish/", back))


def test_a_code_counts_once(client: Client, real: RealProvider, linked: Account, clerk: Person) -> None:
    real.says("u-17", clerk.staff_no)
    back = walk(real, to_provider(client))
    kept = dict(client.session["oidc"])
    assert client.post("/login/with/county/finish/", back).status_code == 302
    client.post("/logout/")
    session = client.session
    session["oidc"] = kept
    session.save()
    assert "没有承认" in said(client.post("/login/with/county/finish/", back))


def test_a_code_without_its_verifier_is_worth_nothing(client: Client, real: RealProvider) -> None:
    assert "没有承认" in said(come_in(client, real, "u-17", verifier="v" * 43))


def test_an_answer_for_another_log_in_is_refused(client: Client, real: RealProvider) -> None:
    assert "对不上" in said(come_in(client, real, "u-17", nonce="another"))


def test_who_takes_too_long_starts_anew(client: Client, real: RealProvider) -> None:
    real.says("u-17")
    back = walk(real, to_provider(client))
    with time_machine.travel(timezone.now() + timedelta(minutes=10, seconds=2), tick=False):
        assert "超过10分钟" in said(client.post("/login/with/county/finish/", back))


def test_who_says_no_at_the_provider_is_told_so(client: Client, real: RealProvider) -> None:
    real.says("u-17", deny=True)
    back = walk(real, to_provider(client))
    assert back["error"] == "access_denied"
    assert "已取消" in said(client.post("/login/with/county/finish/", back))


def test_a_provider_that_is_down_is_said_and_the_password_still_works(
    client: Client, use: Any, process: RealProvider, account: Account
) -> None:
    nobody = RealProvider()
    use(configured(nobody))
    answer = client.get("/login/with/county/")
    assert answer.status_code == 503
    assert "暂时连不上" in said(answer)
    Account.objects.filter(pk=account.pk).update(password_changed_at=timezone.now())
    assert client.post("/login/", {"username": account.username, "password": GOOD}).status_code == 302


def test_a_provider_that_speaks_for_another_issuer_is_refused(
    client: Client, use: Any, process: RealProvider
) -> None:
    use(OpenIdProvider("county", "县统一认证", f"http://localhost:{process.port}", "xinfu"))
    assert "签发方" in said(client.get("/login/with/county/"))


def test_a_closed_or_locked_account_does_not_come_in(
    client: Client, real: RealProvider, linked: Account, clerk: Person
) -> None:
    Account.objects.filter(pk=linked.pk).update(is_active=False)
    assert "已停用" in said(come_in(client, real, "u-17", clerk.staff_no))


@pytest.mark.parametrize(
    "changes, code",
    [
        ({}, ""),
        ({"iss": "https://evil.example"}, "wrong_issuer"),
        ({"aud": "another"}, "wrong_audience"),
        ({"aud": ["xinfu", "another"]}, "wrong_audience"),
        ({"aud": ["xinfu", "another"], "azp": "another"}, "wrong_audience"),
        ({"aud": ["xinfu", "another"], "azp": "xinfu"}, ""),
        ({"nonce": "x"}, "wrong_nonce"),
        ({"nonce": None}, "wrong_nonce"),
        ({"sub": None}, "bad_token"),
        ({"exp": None}, "bad_token"),
        ({"exp": 1_000_000_000}, "token_expired"),
        ({"iat": 9_000_000_000}, "token_ahead"),
    ],
    ids=str,
)
def test_an_id_token_is_for_us_for_now_and_for_this_log_in(
    real: RealProvider, changes: dict[str, Any], code: str
) -> None:
    provider, token = configured(real), real.token(**changes)
    if not code:
        assert oidc.claims_of(provider, token, "n", timezone.now())["sub"] == "u1"
        return
    with pytest.raises(Refused) as caught:
        oidc.claims_of(provider, token, "n", timezone.now())
    assert caught.value.code == code


def test_clocks_may_differ_by_a_minute(real: RealProvider) -> None:
    provider, at = configured(real), timezone.now()
    now = int(at.timestamp())
    assert oidc.claims_of(provider, real.token(exp=now - 50), "n", at)
    assert oidc.claims_of(provider, real.token(iat=now + 50), "n", at)
    with pytest.raises(Refused):
        oidc.claims_of(provider, real.token(exp=now - 70), "n", at)


def test_only_the_pinned_signature_of_the_providers_own_key_is_taken(real: RealProvider) -> None:
    provider, at = configured(real), timezone.now()
    claims = {"iss": real.issuer, "aud": "xinfu", "sub": "u1", "nonce": "n",
              "iat": int(at.timestamp()), "exp": int(at.timestamp()) + 60}  # fmt: skip
    public = real.keys[0].as_pem(private=False)
    loose = RSAKey.import_key({k: v for k, v in real.keys[0].as_dict(private=True).items() if k != "alg"})
    forged = [
        jwt.encode({"alg": "RS256", "kid": "first"}, claims, new_key("first")),
        jwt.encode({"alg": "HS256", "kid": "first"}, claims, OctKey.import_key(b"0" * 32)),
        jwt.encode({"alg": "ES256", "kid": "first"}, claims, ECKey.generate_key("P-256")),
        jwt.encode({"alg": "PS256", "kid": "first"}, claims, loose, algorithms=["PS256"]),
        "eyJhbGciOiJub25lIn0.e30.", "", "x", public.decode(),
    ]  # fmt: skip
    for token in forged:
        with pytest.raises(Refused) as caught:
            oidc.claims_of(provider, token, "n", at)
        assert caught.value.code == "bad_signature", token


def test_a_provider_may_change_its_keys_at_any_time(
    client: Client, real: RealProvider, linked: Account, clerk: Person
) -> None:
    """The set kept from the first log-in does not know the new key: it is asked for anew."""
    assert come_in(client, real, "u-17", clerk.staff_no).status_code == 302
    old = real.keys[0]
    real.stop()
    real.start(new_key("second"), old)
    assert come_in(Client(), real, "u-17").status_code == 302
    real.stop()
    real.start(new_key("third"))
    assert come_in(Client(), real, "u-17").status_code == 302


# --- who links -----------------------------------------------------------------------------------


def test_linking_is_the_system_administrators_and_never_for_the_three_or_oneself(
    account: Account, real: RealProvider, admin: Actor, guard: Actor, now: datetime, office: make.Office,
    refused: Callable[..., Refused],
) -> None:  # fmt: skip
    provider = identity.open_id("county")
    assert provider is not None
    shared = {"provider": provider, "at": now}
    with pytest.raises(Forbidden):
        actions.allow_provider(account=account, by=guard, **shared)
    with pytest.raises(Forbidden, match="三员"):
        actions.allow_provider(account=Account.objects.get(person=guard.id), by=admin, **shared)
    refused("own_account", actions.allow_provider,
            account=Account.objects.get(person=admin.id), by=admin, **shared)  # fmt: skip
    actions.allow_provider(account=account, subject="u-1", by=admin, **shared)
    refused("linked_already", actions.allow_provider, account=account, subject="u-2", by=admin, **shared)
    other = Account.objects.get(person=make.person(Role.WINDOW_CLERK, office.unit_b))
    refused("linked_already", actions.allow_provider, account=other, subject="u-1", by=admin, **shared)
    plain = OpenIdProvider("plain", "无工号", "https://id.example", "x")
    refused("no_subject", actions.allow_provider, account=other, provider=plain, by=admin, at=now)


def test_the_three_are_linked_on_the_server(real: RealProvider, guard: Actor) -> None:
    username = Account.objects.get(person=guard.id).username
    for wrong in (("nobody", "county"), (username, "nowhere")):
        with pytest.raises(CommandError):
            call_command("link_provider", *wrong)
    call_command("link_provider", username, "county", "--subject=u-3", stdout=StringIO())
    assert ProviderLink.objects.get().subject == "u-3"
    with pytest.raises(CommandError, match="已关联"):
        call_command("link_provider", username, "county", "--subject=u-4")


def test_the_screen_links_and_ends_a_link(as_role: Any, real: RealProvider, account: Account) -> None:
    client = as_role(Role.SYSTEM_ADMIN)
    url = reverse("people:link_provider", args=[account.pk])
    assert url in client.get(reverse("people:account_detail", args=[account.pk])).content.decode()
    assert client.post(url, {"provider": "county", "subject": "u-9"}).status_code == 302
    link = ProviderLink.objects.get()
    page = client.get(reverse("people:account_detail", args=[account.pk])).content.decode()
    assert "u-9" in page
    end = reverse("people:unlink_provider", args=[account.pk, link.pk])
    assert "确认解除" in client.post(end).content.decode()
    assert client.post(end, {"_confirmed": "解除"}).status_code == 302
    assert not ProviderLink.objects.exists()


# --- configuration -------------------------------------------------------------------------------


def test_the_log_in_page_shows_what_is_configured_and_nothing_else(
    client: Client, db: None, use: Any
) -> None:
    assert "/login/with/" not in client.get("/login/").content.decode()
    assert client.get("/login/with/county/").status_code == 404
    use(OpenIdProvider("county", "县统一认证", "https://id.example", "x"))
    assert "用县统一认证登录" in client.get("/login/").content.decode()
    assert client.get("/login/with/password/").status_code == 404


@pytest.mark.parametrize(
    "change, word",
    [
        ({"issuer": "http://id.example"}, "https"),
        ({"algorithms": ["none"]}, "algorithms"),
        ({"algorithms": ["HS256"]}, "algorithms"),
        ({"code": "../x"}, "code"),
        ({"client_id": ""}, "client_id"),
        ({"scopes": ["email"]}, "openid"),
        ({"second_factor": "yes"}, "second_factor"),
        ({"colour": "red"}, "colour"),
    ],
    ids=str,
)
def test_a_faulty_configuration_is_refused_at_start(
    tmp_path: Path, change: dict[str, Any], word: str
) -> None:
    good = {"code": "county", "label": "甲", "issuer": "https://id.example", "client_id": "x"}
    path = tmp_path / "identity-providers.json"
    assert identity.load(path) == []
    path.write_text(json.dumps([good]))
    assert identity.load(path)[0].algorithms == ("RS256",)
    path.write_text(json.dumps([{**good, **change}]))
    with pytest.raises(ImproperlyConfigured, match=word):
        identity.load(path)


def test_a_secret_of_ours_does_not_show_when_a_provider_is_printed() -> None:
    assert "hush" not in repr(OpenIdProvider("p", "甲", "https://id.example", "x", client_secret="hush"))
