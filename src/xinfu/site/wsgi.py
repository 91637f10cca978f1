"""WSGI entry for granian; all screens are loaded before the first request, so that nobody waits for them."""

import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "xinfu.site.settings")
application = get_wsgi_application()
assert get_resolver().url_patterns
