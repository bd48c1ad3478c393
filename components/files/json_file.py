"""The one reader of JSON, within limits of size, depth and numbers, and the one writer."""

import json
import math
import re
from pathlib import Path
from typing import Any, NoReturn

from components.errors import AlphabarError, shortened
from components.files.regular import open_regular

MOST_BYTES = 64 * 2**20
MOST_DEPTH = 64
MOST_VALUES = 5_000_000
MOST_DIGITS = 30

_HALF_PAIR = re.compile(r"\\u[dD][89a-fA-F]")


def read_json(path: Path, remedy: str, *, finite: bool = True) -> Any:
    """The value in a JSON file, as `load_json` reads it.

    Args:
        remedy: what the user can do where the file is missing or broken.
        finite: as `parse_json` has it.

    Raises:
        AlphabarError: the file is missing, cannot be read or is broken.
    """
    try:
        return load_json(path, finite=finite)
    except FileNotFoundError:
        raise AlphabarError(f"{path} does not exist", remedy) from None
    except OSError as error:
        raise AlphabarError(f"{path} cannot be read: {error.strerror}", remedy) from None
    except ValueError as error:
        raise AlphabarError(f"{path} is broken: {shortened(error, 200)}", remedy) from None


def read_object(path: Path, remedy: str, *, finite: bool = True) -> dict[str, Any]:
    """As `read_json`, of a file that holds an object; raises AlphabarError for any other value."""
    value = read_json(path, remedy, finite=finite)
    if not isinstance(value, dict):
        raise AlphabarError(f"{path} holds no JSON object", remedy)
    return value


def load_json(
    path: Path, most: int = MOST_BYTES, values: int = MOST_VALUES, *, finite: bool = True
) -> Any:
    """The value in a JSON file.

    Args:
        most: the largest size, bytes.
        values: how many values it may hold.
        finite: as `parse_json` has it.

    Raises:
        OSError: the file cannot be read.
        ValueError: as `parse_json`, or the file is larger than ``most``.
    """
    with open_regular(path) as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise ValueError(f"it is larger than {most / 2**20:g} MiB")
    return parse_json(content, values, finite=finite)


def parse_json(text: str | bytes, values: int = MOST_VALUES, *, finite: bool = True) -> Any:
    """The value of a JSON text.

    Args:
        values: how many it may hold.
        finite: refuse NaN and infinities, which some programs write and JSON does not know.

    Raises:
        ValueError: it is not JSON, is nested more than 64 deep or has more than ``values`` values;
            a number is not finite or an integer has more than 30 digits; or a text cannot be
            written, as half of a surrogate pair cannot.
    """
    if isinstance(text, bytes):
        text = text.decode("utf-8")
    if sum(map(text.count, ",[{")) > values:
        raise ValueError(f"it holds more than {values} values")
    constant = _refuse if finite else float
    try:
        value = json.loads(text, parse_int=_whole, parse_float=_real, parse_constant=constant)
    except RecursionError:
        raise _too_deep() from None
    _refuse_deep(value)
    if _HALF_PAIR.search(text):
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise ValueError("it has half of a surrogate pair, which no file can keep") from None
    return value


def write_json(path: Path, value: Any) -> None:
    """Readable JSON with a stable order, and no NaN."""
    path.write_text(json.dumps(value, indent=1, sort_keys=True, allow_nan=False) + "\n")


def _refuse_deep(value: Any) -> None:
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(MOST_DEPTH):
        inside = (each.values() if isinstance(each, dict) else each for each in level)
        level = [item for items in inside for item in items if isinstance(item, dict | list)]
        if not level:
            return
    raise _too_deep()


def _too_deep() -> ValueError:
    return ValueError(f"it is nested more than {MOST_DEPTH} deep")


def _whole(digits: str) -> int:
    if len(digits) > MOST_DIGITS:
        raise ValueError(f"the number {shortened(digits)} is too long")
    return int(digits)


def _real(digits: str) -> float:
    value = float(digits)
    return value if math.isfinite(value) else _refuse(digits)


def _refuse(number: str) -> NoReturn:
    raise ValueError(f"{shortened(number)} is no finite number")
