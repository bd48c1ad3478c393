"""A user's text file, read with a limit; every way in which that fails is an `AlphabarError`."""

from pathlib import Path

from components.errors import AlphabarError

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
        with path.open("rb") as file:
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
