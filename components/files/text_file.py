"""A user's text file, read with a limit; every way in which that fails is an `AlphabarError`."""

import re
from pathlib import Path

from components.errors import AlphabarError
from components.files.regular import open_regular

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
UTF16 = (b"\xff\xfe", b"\xfe\xff")


def read_text(path: Path, *, most: int, remedy: str) -> str:
    """The UTF-8 text of ``path``, its line ends as they are and without a byte-order mark.

    Args:
        most: the largest size, bytes; no more is read.
        remedy: what the user can do where there is no such file, or another kind of it.

    Raises:
        AlphabarError: there is no such file, it cannot be read, is too large or is no text.
    """
    try:
        with open_regular(path) as file:
            content = file.read(most + 1)
    except FileNotFoundError:
        raise AlphabarError(f"{path} does not exist", remedy) from None
    except IsADirectoryError:
        raise AlphabarError(f"{path} is a folder, not a file", remedy) from None
    except OSError as error:
        what = f"{path} cannot be read: {error.strerror}"
        raise AlphabarError(what, f"make it readable, or {remedy}") from None
    if len(content) > most:
        raise AlphabarError(f"{path} is larger than {most / 2**20:g} MiB", remedy)
    return _decoded(path, content, remedy)


def _decoded(path: Path, content: bytes, remedy: str) -> str:
    if content.startswith(UTF16):
        raise AlphabarError(f"{path} is UTF-16 text", "save it as UTF-8")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        what = f"{path} is not UTF-8 text: line {line} has the byte 0x{content[error.start]:02x}"
        raise AlphabarError(what, f"save it as UTF-8, or {remedy}") from None
    if "\0" in text:
        raise AlphabarError(f"{path} is binary, or UTF-16 text", f"save it as UTF-8, or {remedy}")
    return text


def odd_character(text: str, *, lines: bool = False) -> str | None:
    """The first control character in ``text``, or half of a surrogate pair, which no encoding can
    write (such as ``U+0007``); None where there is none.

    Args:
        lines: tabs and line ends may stand in it.
    """
    for found in _CONTROL.finditer(text):
        if not (lines and found[0] in "\t\r\n"):
            return f"U+{ord(found[0]):04X}"
    return None
