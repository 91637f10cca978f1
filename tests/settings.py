"""The house's settings for tests: a home of its own for each process, cheap passwords, plain static files."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile

_home = tempfile.mkdtemp(prefix="xinfu-test-")
atexit.register(shutil.rmtree, _home, ignore_errors=True)
os.environ["XINFU_HOME"] = _home
os.environ.pop("XINFU_DATABASE_URL", None)

from xinfu.site.settings import *  # noqa: E402, F403
from xinfu.site.settings import CACHES, DATABASES, STORAGES  # noqa: E402

PASSWORD_HASHERS = ["tests.settings.CheapArgon2"]
STORAGES = {
    **STORAGES,
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
DATABASES = {"default": {**DATABASES["default"], "CONN_MAX_AGE": 0}}
CACHES = {**CACHES}
SECOND_FACTOR = "optional"  # builders log in without; tests/people/test_second_factor.py asks for it

from django.contrib.auth.hashers import Argon2PasswordHasher  # noqa: E402


class CheapArgon2(Argon2PasswordHasher):
    """Argon2 as in use, with the least work."""

    time_cost = 1
    memory_cost = 8
    parallelism = 1
