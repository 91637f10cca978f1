"""What a step of a process carries besides its move: a note and attached files, with one set of rules for all."""

from __future__ import annotations

from collections.abc import Sequence

from xinfu.core.actor import Actor
from xinfu.core.models import StoredFile
from xinfu.core.refusal import Forbidden, Refused

LONGEST_NOTE = 300
MOST_FILES = 5
KINDS = frozenset({
    "application/pdf", "image/png", "image/jpeg",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
})  # fmt: skip


def note_of(note: str, *, is_needed: bool) -> str:
    """Return a note as it is kept. Raises Refused: no_note, note_too_long (300 characters)."""
    text = note.strip()
    if is_needed and not text:
        raise Refused("no_note", "请写明理由或办理情况。", field="note")
    if len(text) > LONGEST_NOTE:
        raise Refused("note_too_long", f"说明最多{LONGEST_NOTE}字，现有{len(text)}字，请精简。", field="note")
    return text


def check_number(files: int) -> None:
    """Raise Refused where more than five files are attached at once."""
    if files > MOST_FILES:
        raise Refused("too_many_files", f"一次最多{MOST_FILES}个附件，请合并后再传。", field="files")


def check_files(files: Sequence[StoredFile], *, by: Actor) -> None:
    """Raise Refused or Forbidden where files may not be attached: too many, of another kind, another's upload."""
    check_number(len(files))
    for file in files:
        if file.content_type not in KINDS:
            raise Refused(
                "wrong_file", f"“{file.name}”不是 PDF、图片、Word 或 Excel 文件，请换一个。", field="files"
            )
        if file.stored_by != by.key:
            raise Forbidden("只能附上本人上传的文件。")
