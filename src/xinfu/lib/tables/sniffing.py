"""What a file really is, told by its content; its name is never believed."""

import codecs
import gzip
import json
import mmap
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from xinfu.lib.tables.shapes import LINE_LIMIT, Kind, TableError

_HEAD = 1 << 16
_CHUNK = 1 << 20
_UNPACKED_LIMIT = 2 << 30
_GZIP = b"\x1f\x8b"
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

_FOREIGN: tuple[tuple[bytes, str, str], ...] = (
    (b"%PDF-", "pdf", "PDF 文件"),
    (b"\x89PNG", "image", "图片"),
    (b"\xff\xd8\xff", "image", "图片"),
    (b"GIF8", "image", "图片"),
    (b"RIFF", "image", "图片或音视频"),
    (b"II*\x00", "image", "图片"),
    (b"MM\x00*", "image", "图片"),
    (b"Rar!", "archive", "压缩包"),
    (b"7z\xbc\xaf\x27\x1c", "archive", "压缩包"),
    (b"SQLite format 3\x00", "binary", "数据库文件"),
)
_MARKUP = (
    ("<!doctype html", "html", "网页（HTML）文件"),
    ("<html", "html", "网页（HTML）文件"),
    ("<table", "html", "网页（HTML）文件"),
    ("<meta", "html", "网页（HTML）文件"),
    ("<?xml", "xml", "XML 文件"),
)
_BOF = b"\x09\x08\x10\x00\x00\x06\x05\x00"
_FILEPASS = 0x2F
_MANIFEST = "META-INF/manifest.xml"
_SAVE_AS = "请用表格软件打开后另存为 .xlsx 或 .csv 再上传。"


def sniff(path: Path) -> Kind:
    """Return the kind of table in the file; TableError names what else it is.

    Codes: empty, pdf, image, archive, html, xml, word, locked, json, gzip, damaged, too_large, encoding, binary.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if head.startswith(_GZIP):
        return _sniff_gzip(path)
    if not head.strip(b"\xef\xbb\xbf\xff\xfe \t\r\n\x00"):
        raise TableError("empty", "文件是空的。")
    if head.startswith(_ZIP):
        return _sniff_zip(path)
    if head.startswith(_OLE):
        return _sniff_ole(path)
    if head.startswith(b"PAR1"):
        return Kind.PARQUET
    return _sniff_text(head)


def is_gzip(path: Path) -> bool:
    """Tell whether the file is gzipped."""
    with path.open("rb") as file:
        return file.read(2) == _GZIP


def encoding_of(path: Path) -> str:
    """Return the encoding in which every byte of a text file makes sense: utf-8-sig, utf-16, utf-8 or gb18030.

    Raises TableError("encoding") with the place of the first byte that none explains.
    """
    with path.open("rb") as raw:
        file: BinaryIO | gzip.GzipFile = gzip.GzipFile(fileobj=raw) if is_gzip(path) else raw
        head = file.read(4)
        if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            candidates = ["utf-16"]
        else:
            candidates = ["utf-8-sig"] if head.startswith(codecs.BOM_UTF8) else ["utf-8", "gb18030"]
        failed_at = 0
        for encoding in candidates:
            file.seek(0)
            offset = _first_fault(_chunks(file), encoding)
            if offset is None:
                return encoding
            failed_at = max(failed_at, offset)
    raise TableError(
        "encoding",
        f"文字编码无法识别：第 {failed_at + 1} 个字节既不是 UTF-8 也不是 GB18030。请另存为 UTF-8 编码的 CSV。",
    )


def _sniff_gzip(path: Path) -> Kind:
    with gzip.open(path) as file:
        try:
            head = file.read(_HEAD)
        except (OSError, EOFError, zlib.error):
            raise TableError("damaged", "压缩文件已损坏，请重新压缩后上传。") from None
    if not head.strip():
        raise TableError("empty", "压缩文件里是空的。")
    if head.startswith((*_ZIP, _OLE, b"PAR1", _GZIP)):
        raise TableError("gzip", "压缩文件里只能是 CSV 或 NDJSON，其他表格请解压后上传。")
    return _sniff_text(head)


def _sniff_zip(path: Path) -> Kind:
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
            unpacked = sum(entry.file_size for entry in archive.infolist())
            mimetype = archive.read("mimetype") if "mimetype" in names else b""
            manifest = archive.read(_MANIFEST) if _MANIFEST in names else b""
    except (zipfile.BadZipFile, OSError, RuntimeError, zlib.error):
        raise TableError("damaged", "文件已损坏，打不开。请重新导出后上传。") from None
    if unpacked > _UNPACKED_LIMIT:
        raise TableError("too_large", "文件展开后超过 2 GB，请拆分或改用 CSV。")
    if names & {"xl/workbook.xml", "xl/workbook.bin"}:
        return Kind.XLSX
    if mimetype.startswith(b"application/vnd.oasis.opendocument.spreadsheet"):
        if b"encryption-data" in manifest:
            raise _locked()
        return Kind.ODS
    if "word/document.xml" in names or "ppt/presentation.xml" in names:
        raise TableError("word", f"这是文字或演示文稿，不是表格。{_SAVE_AS}")
    raise TableError("archive", "这是压缩包，请解压后上传里面的表格。")


def _sniff_ole(path: Path) -> Kind:
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        if content.find("EncryptedPackage".encode("utf-16-le")) >= 0 or _has_filepass(content):
            raise _locked()
        if content.find("WordDocument".encode("utf-16-le")) >= 0:
            raise TableError("word", f"这是文字或演示文稿，不是表格。{_SAVE_AS}")
    return Kind.XLS


def _locked() -> TableError:
    return TableError("locked", "文件设了打开密码，请取消密码后上传。")


def _has_filepass(content: mmap.mmap) -> bool:
    """Tell whether one of the first records of an .xls workbook says that the rest is encrypted."""
    position = content.find(_BOF)
    for _ in range(4 if position >= 0 else 0):
        record, size = struct.unpack("<HH", content[position : position + 4].ljust(4, b"\0"))
        if record == _FILEPASS:
            return True
        position += 4 + size
    return False


def _sniff_text(head: bytes) -> Kind:
    for magic, code, name in _FOREIGN:
        if head.startswith(magic):
            raise TableError(code, f"这是{name}，不是表格。{_SAVE_AS}")
    is_utf16 = head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    if not is_utf16:
        _check_is_text(head)
    text = head.decode("utf-16" if is_utf16 else "utf-8-sig", errors="ignore").lstrip()
    start = text[:20].lower()
    for mark, code, name in _MARKUP:
        if start.startswith(mark):
            raise TableError(code, f"这是{name}，不是表格。{_SAVE_AS}")
    if start.startswith(("{", "[")):
        return _sniff_json(text)
    return Kind.CSV


def _check_is_text(head: bytes) -> None:
    if head.count(0) * 5 > len(head):
        raise TableError("encoding", "文字编码无法识别：像是没有标记的 UTF-16。请另存为 UTF-8 编码的 CSV。")
    control = sum(head.count(code) for code in range(32) if code not in {0, 9, 10, 12, 13, 26})
    if control * 100 > len(head):
        raise TableError("binary", "这不是表格文件，无法识别。")


def _sniff_json(text: str) -> Kind:
    first, end, _ = text.partition("\n")
    try:
        is_object = isinstance(json.loads(first), dict)
    except ValueError:
        # the head may have cut a long first line; a line of its own that is no JSON is another format
        is_object = not end and text.startswith("{")
    if not is_object:
        raise TableError("json", "这是 JSON 文件，但不是每行一个对象（NDJSON）。请改为每行一个对象。")
    return Kind.NDJSON


def _chunks(file: BinaryIO | gzip.GzipFile) -> Iterator[bytes]:
    """Give the content in pieces, watching that no line is longer than memory should hold."""
    line = 0
    try:
        while chunk := file.read(_CHUNK):
            end = max(chunk.rfind(b"\n"), chunk.rfind(b"\r"))
            line = line + len(chunk) if end < 0 else len(chunk) - end
            if line > LINE_LIMIT:
                raise TableError(
                    "line_too_long", f"有一行超过 {LINE_LIMIT >> 20} MB，不像是表格。请检查文件。"
                )
            yield chunk
    except (OSError, EOFError, zlib.error):
        raise TableError("damaged", "压缩文件已损坏，请重新压缩后上传。") from None


def _first_fault(chunks: Iterator[bytes], encoding: str) -> int | None:
    """Return the offset of the first byte that the encoding does not explain, or None."""
    decoder = codecs.getincrementaldecoder(encoding.removesuffix("-sig"))()
    seen = 0
    for chunk, is_last in _with_last(chunks):
        pending = len(decoder.getstate()[0])
        try:
            decoder.decode(chunk, is_last)
        except UnicodeDecodeError as error:
            return seen - pending + error.start
        seen += len(chunk)
    return None


def _with_last(chunks: Iterator[bytes]) -> Iterator[tuple[bytes, bool]]:
    for chunk in chunks:
        yield chunk, False
    yield b"", True
