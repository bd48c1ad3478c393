"""Features on disk by content key: values that can be computed again, never trusted blindly.

A file is a .npy array of float32, which `numpy.load` reads, followed by the SHA-256 of the
array's bytes, by which a broken one is found out.
"""

import contextlib
import hashlib
import io
import os
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from components.files.array_file import read_archive
from components.files.leftovers import remove

Values = NDArray[np.float32]
Arrays = Mapping[str, NDArray[Any]]
Buffer = bytes | memoryview

_A_DAY = 86400.0  # seconds


def read_values(path: Path, shape: tuple[int, int]) -> Values | None:
    """The array at ``path``; None unless it is whole, of ``shape`` and finite."""
    header = _header(shape)
    try:
        with path.open("rb") as file:
            if file.read(len(header)) != header:
                return None
            values = np.fromfile(file, np.float32, shape[0] * shape[1])
            digest = file.read()
    except (OSError, ValueError):
        return None
    whole = values.size == shape[0] * shape[1] and digest == hashlib.sha256(values.data).digest()
    return values.reshape(shape) if whole and np.isfinite(values).all() else None


def write_values(path: Path, values: Values) -> None:
    """Put ``values`` (n, d) at ``path`` in one step: others see nothing or all of it.

    A folder that cannot be written, or a full disk, is no error and leaves nothing behind: the
    features are computed again when they are next asked for.
    """
    content = np.ascontiguousarray(values).data
    _put(path, [_header(values.shape), content, hashlib.sha256(content).digest()])


def read_arrays(path: Path) -> Arrays | None:
    """The arrays of a .npz at ``path``; None unless it is whole: its parts have checksums."""
    try:
        return read_archive(path)
    except (OSError, ValueError):
        return None


def write_arrays(path: Path, arrays: Arrays) -> None:
    """Put ``arrays`` at ``path`` as a .npz in one step, as `write_values` does."""
    whole = io.BytesIO()
    np.savez(whole, **arrays)  # type: ignore[arg-type]
    _put(path, [whole.getbuffer()])


def _put(path: Path, parts: Sequence[Buffer]) -> None:
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        _sweep(path.parent)
        number, name = tempfile.mkstemp(dir=path.parent, prefix=f"{path.stem}.", suffix=".tmp")
        try:
            with os.fdopen(number, "wb") as file:
                for part in parts:
                    file.write(part)
            Path(name).replace(path)
        except BaseException:
            remove(Path(name))
            raise


def _sweep(folder: Path) -> None:
    """Remove what writers that were killed have left: no writer takes a day."""
    for left in folder.glob("*.tmp"):
        with contextlib.suppress(FileNotFoundError):  # its writer, or another sweeper, was first
            if left.stat().st_mtime < time.time() - _A_DAY:
                left.unlink()


def _header(shape: tuple[int, ...]) -> bytes:
    """How a .npy file of float32 of this shape begins."""
    header = io.BytesIO()
    fields = {"descr": "<f4", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(header, fields)
    return header.getvalue()
