"""The only door to files: kept by SHA-256 under XINFU_HOME/files, never served by path."""

from __future__ import annotations

import hashlib
import os
import secrets
import zipfile
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import IO

from django.conf import settings

from xinfu.core.actor import Actor
from xinfu.core.models import StoredFile
from xinfu.core.refusal import Refused

MIB = 1024 * 1024
_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"PK\x03\x04", "application/zip"),
    (b"\xd0\xcf\x11\xe0", "application/x-ole-storage"),
    (b"PAR1", "application/vnd.apache.parquet"),
    (b"\x1f\x8b", "application/gzip"),
)
_OFFICE = {
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def sniff(head: bytes, name: str) -> str:
    """Return the content type from the first bytes; the name only tells the kinds of zip apart."""
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return _OFFICE.get(Path(name).suffix.lower(), kind) if kind == "application/zip" else kind
    return "application/octet-stream" if b"\x00" in head else "text/plain"


def _is_what_it_is_called(path: Path, name: str) -> bool:
    """Return whether a zip called .docx or .xlsx has the parts of one; only its directory is read."""
    folder = {".docx": "word/", ".xlsx": "xl/"}[Path(name).suffix.lower()]
    try:
        with zipfile.ZipFile(path) as parts:
            names = parts.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return False
    return "[Content_Types].xml" in names and any(part.startswith(folder) for part in names)


def path_of(sha256: str) -> Path:
    return Path(settings.HOME) / "files" / sha256[:2] / sha256[2:]


def store(
    chunks: Iterable[bytes], *, name: str, by: Actor, at: datetime, limit: int = 20 * MIB
) -> StoredFile:
    """Keep the content and return its row; the caller's action journals it.

    Raises Refused: empty, or over `limit` bytes.
    """
    part = Path(settings.HOME) / "tmp" / f"store-{secrets.token_hex(8)}"
    part.parent.mkdir(parents=True, exist_ok=True)
    digest, size, head = hashlib.sha256(), 0, b""
    try:
        with part.open("xb") as out:
            for chunk in chunks:
                size += len(chunk)
                if size > limit:
                    raise Refused("file_too_large", f"文件超过 {limit // MIB} MB 的上限，请拆分后再传。")
                head = head or chunk[:512]
                digest.update(chunk)
                out.write(chunk)
            out.flush()
            os.fsync(out.fileno())
        if size == 0:
            raise Refused("file_empty", "文件是空的，请检查后重新选择。")
        safe = Path(name.replace("\\", "/").replace("\0", "")).name[:200] or "未命名"
        kind = sniff(head, safe)
        if kind in _OFFICE.values() and not _is_what_it_is_called(part, safe):
            kind = "application/zip"
        target = path_of(digest.hexdigest())
        target.parent.mkdir(parents=True, exist_ok=True)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return StoredFile.objects.create(
        sha256=digest.hexdigest(),
        name=safe,
        content_type=kind,
        size=size,
        stored_at=at,
        stored_by=by.key,
    )


def open_file(file: StoredFile) -> IO[bytes]:
    """Open the content for reading; raises Refused where it is missing from the disk."""
    try:
        return path_of(file.sha256).open("rb")
    except FileNotFoundError as error:
        raise Refused("file_missing", "文件在磁盘上找不到，请联系系统管理员从备份恢复。") from error
