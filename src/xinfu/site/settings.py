"""Settings of the whole installation; everything local comes from the environment.

XINFU_HOME (default `var/` beside `run`) holds all that the program writes.
"""

from __future__ import annotations

import os
import secrets
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dj_database_url
from csp.constants import NONCE, SELF

PACKAGE = Path(__file__).resolve().parent.parent
ROOT = PACKAGE.parent.parent
HOME = Path(os.environ.get("XINFU_HOME") or ROOT / "var").resolve()
HOME.mkdir(parents=True, exist_ok=True)


def _secret(name: str, length: int) -> str:
    """Read the secret file `keys/<name>`, making it at the first run (mode 0600)."""
    path = HOME / "keys" / name
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        fresh = path.with_name(f".{name}.{os.getpid()}")
        fresh.touch(mode=0o600)
        fresh.write_text(secrets.token_hex(length))
        try:
            os.link(fresh, path)
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return path.read_text().strip()


DEBUG = os.environ.get("XINFU_DEBUG") == "1"
SECRET_KEY = os.environ.get("XINFU_SECRET_KEY") or _secret("django", 32)
ALLOWED_HOSTS = os.environ.get("XINFU_HOSTS", "127.0.0.1,localhost,[::1]").split(",")
CSRF_TRUSTED_ORIGINS = [o for o in os.environ.get("XINFU_ORIGINS", "").split(",") if o]
# The address that citizens reach, as it stands in messages; the first of the origins unless it is another.
PUBLIC_ADDRESS = (
    os.environ.get("XINFU_PUBLIC_ADDRESS") or next(iter(CSRF_TRUSTED_ORIGINS), "http://127.0.0.1:8000")
).rstrip("/")
# By which gateway messages leave (core/senders.py): `console` writes them into XINFU_HOME/outbox, `http` posts them.
MESSAGE_SENDER = os.environ.get("XINFU_MESSAGE_SENDER", "console")
MESSAGE_URL = os.environ.get("XINFU_MESSAGE_URL", "")
MESSAGE_TOKEN = os.environ.get("XINFU_MESSAGE_TOKEN", "")
DIVISION_CODE = os.environ.get("XINFU_DIVISION_CODE", "330624")
COUNTY = os.environ.get("XINFU_COUNTY", "新昌县")
# A demonstration shows a past half-year: its day, and the accounts named on the log-in page.
DEMO = os.environ.get("XINFU_DEMO") == "1"
DEMO_DAY = date.fromisoformat(day) if (day := os.environ.get("XINFU_DEMO_DAY")) else None
OFFICE = os.environ.get("XINFU_OFFICE", "新昌县政务服务办公室")

INSTALLED_APPS = [
    "xinfu.site",
    "xinfu.demo",
    "xinfu.reports",
    "xinfu.indicators",
    "xinfu.ratings",
    "xinfu.cases",
    "xinfu.assignments",
    "xinfu.papers",
    "xinfu.catalog",
    "xinfu.people",
    "xinfu.core",
    "ninja",
    "django_htmx",
    "django_tasks",
    "django_tasks_db",
    "csp",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "xinfu.site.middleware.RequestLog",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "xinfu.site.middleware.ContentPolicy",
    "django_htmx.middleware.HtmxMiddleware",
    "xinfu.people.session.ActorMiddleware",
    "xinfu.site.limits.Limits",
    "xinfu.site.middleware.Refusals",
    "xinfu.site.middleware.Once",
    "xinfu.site.middleware.ApiOnce",
]
ROOT_URLCONF = "xinfu.site.urls"
WSGI_APPLICATION = "xinfu.site.wsgi.application"
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.messages.context_processors.messages",
                "xinfu.site.shell.context",
            ],
            "builtins": ["xinfu.core.templatetags.xinfu"],
        },
    }
]
FORM_RENDERER = "xinfu.core.ui.widgets.Renderer"


def database(url: str) -> dict[str, Any]:
    """Return Django's settings of one database URL, with the options measured for each engine."""
    config: dict[str, Any] = dict(dj_database_url.parse(url))
    if config["ENGINE"] == "django.db.backends.sqlite3":
        config["CONN_MAX_AGE"] = 600
        config["OPTIONS"] = {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;PRAGMA mmap_size=268435456;"
            "PRAGMA cache_size=-65536;PRAGMA temp_store=MEMORY;PRAGMA journal_size_limit=67108864;",
        }
    else:
        config["CONN_MAX_AGE"] = 600
        config["CONN_HEALTH_CHECKS"] = True
    return config


DATABASE_URL = os.environ.get("XINFU_DATABASE_URL") or f"sqlite:///{HOME / 'xinfu.sqlite3'}"
# The owner's role is used by `migrate` only; the web's role may not change the journal.
DATABASE_OWNER_URL = os.environ.get("XINFU_DATABASE_OWNER_URL") or DATABASE_URL
DATABASES = {"default": database(DATABASE_URL)}
if _test_url := os.environ.get("XINFU_TEST_DATABASE_URL"):
    DATABASES = {"default": {**database(_test_url), "CONN_MAX_AGE": 0}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "people.Account"
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "people:login"
LOGIN_REDIRECT_URL = "site:home"
SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "xinfu.site.errors.csrf_failure"
IDLE_MINUTES = int(os.environ.get("XINFU_IDLE_MINUTES", "30"))
# Whether roles that publish, judge or administer must log in with two steps; a demonstration asks nobody.
SECOND_FACTOR = os.environ.get("XINFU_SECOND_FACTOR") or ("optional" if DEMO else "required")
# Passkeys hold for one domain and its origins; an address of numbers is none, and then nobody is offered one.
PASSKEY_DOMAIN = os.environ.get("XINFU_PASSKEY_DOMAIN") or urlsplit(PUBLIC_ADDRESS).hostname or ""
PASSKEY_ORIGINS = CSRF_TRUSTED_ORIGINS or [PUBLIC_ADDRESS]
# Unified log-ins (OpenID Connect), a list of objects in a file of JSON: docs/how-to/log-in.md.
IDENTITY_PROVIDERS = Path(os.environ.get("XINFU_IDENTITY_PROVIDERS") or HOME / "identity-providers.json")
# Whoever shows this token may read /-/metrics; empty: only people who may see the state of the system.
METRICS_TOKEN = os.environ.get("XINFU_METRICS_TOKEN", "")
TRUSTED_PROXIES = [p for p in os.environ.get("XINFU_PROXIES", "").split(",") if p]
TLS = os.environ.get("XINFU_TLS") == "1"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = TLS
if TLS:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = 31536000
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:", "blob:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "frame-ancestors": ["'none'"],
        "form-action": [SELF],
        "base-uri": [SELF],
        "object-src": ["'none'"],
    }
}

LANGUAGE_CODE = "zh-hans"
TIME_ZONE = "Asia/Shanghai"
USE_TZ = True
USE_I18N = True
USE_THOUSAND_SEPARATOR = False

STATIC_URL = "static/"
STATIC_ROOT = HOME / "static"
STATIC_ROOT.mkdir(exist_ok=True)
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_KEEP_ONLY_HASHED_FILES = True
# No browser of an office asks for source maps, and packing them takes half the time of collectstatic.
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = (
    "jpg",
    "jpeg",
    "png",
    "gif",
    "webp",
    "gz",
    "br",
    "woff",
    "woff2",
    "zip",
    "map",
)
FILE_UPLOAD_TEMP_DIR = str(HOME / "tmp")
(HOME / "tmp").mkdir(exist_ok=True)
DATA_UPLOAD_MAX_MEMORY_SIZE = 32 * 1024 * 1024

CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "core_cache",
        "OPTIONS": {"MAX_ENTRIES": 20000},
    }
}
TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}
XINFU_SCHEDULE = "xinfu.site.schedule.SCHEDULE"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
SILENCED_SYSTEM_CHECKS: list[str] = []
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "xinfu.site.logs.JsonLines"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["console"], "level": os.environ.get("XINFU_LOG", "WARNING")},
    "loggers": {"django.request": {"handlers": ["console"], "level": "ERROR", "propagate": False}},
}
