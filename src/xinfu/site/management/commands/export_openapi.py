"""manage export_openapi [--check]: write docs/reference/openapi.json from the code, or tell that it is out of date."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from xinfu.site.api import api

PAGE = Path(settings.ROOT) / "docs" / "reference" / "openapi.json"


def text() -> str:
    """Return the API's description as it is committed."""
    return json.dumps(api.get_openapi_schema(), ensure_ascii=False, indent=2, sort_keys=True) + "\n"


class Command(BaseCommand):
    help = "把接口说明写到 docs/reference/openapi.json"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="不写，只比较")

    def handle(self, *args: Any, **options: Any) -> None:
        if PAGE.exists() and PAGE.read_text(encoding="utf-8") == text():
            self.stdout.write("接口说明与代码一致。")
        elif options["check"]:
            raise CommandError("接口说明与代码不符，请运行 ./run manage export_openapi。")
        else:
            PAGE.parent.mkdir(parents=True, exist_ok=True)
            PAGE.write_text(text(), encoding="utf-8")
            self.stdout.write(f"已写入 {PAGE.relative_to(settings.ROOT)}")
