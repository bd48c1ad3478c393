"""NumPy's files, whose headers are held against the files' sizes before anything is loaded."""

import math
import mmap
import os
import zipfile
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from components.errors import first_of


def read_array(path: Path, *, mapped: bool = False) -> NDArray[Any]:
    """The array of a .npy file.

    Args:
        mapped: leave the values in the file until they are looked at.

    Raises:
        OSError: the file cannot be opened.
        ValueError: it is no .npy file, is not as long as its header says, or holds objects.
    """
    with path.open("rb") as file:
        _check(file, path.stat().st_size)
    array: NDArray[Any] = np.load(path, mmap_mode="r" if mapped else None, allow_pickle=False)
    return array


def give_back(array: NDArray[Any]) -> None:
    """Let go of the memory that a mapped array's values took since they were looked at: they are
    read from the file again. Nothing happens to an array that is not mapped."""
    if isinstance(array.base, mmap.mmap):
        array.base.madvise(mmap.MADV_DONTNEED)


def read_archive(path: Path, only: str | None = None) -> dict[str, NDArray[Any]]:
    """The arrays of a .npz file, by name.

    Args:
        only: the name of the one that is wanted; the others are not loaded.

    Raises:
        KeyError: there is no such array; its text names those that there are.
        OSError: the file cannot be opened.
        ValueError: it is no .npz file, a member is broken or holds objects, or all together are
            larger than the machine's memory.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            whole = sum(member.file_size for member in members)
            if whole > _memory():
                raise ValueError(f"it unpacks to {whole / 2**30:.1f} GiB, more than the memory")
            for member in members:
                with archive.open(member) as file:
                    _check(file, member.file_size)
        with np.load(path, allow_pickle=False) as found:
            if only is not None and only not in found.files:
                raise KeyError(first_of(found.files) or "none")
            return {name: found[name] for name in (found.files if only is None else [only])}
    except (KeyError, OSError, ValueError):
        raise
    except Exception as error:  # zipfile and its decompressors raise what they like
        raise ValueError(f"it is no whole .npz file: {error}") from error


def _check(file: IO[bytes], size: int) -> None:
    """Raise ValueError where a .npy file of ``size`` bytes is not what its header says."""
    if file.read(2) == b"PK":
        raise ValueError("it is an archive of arrays (.npz), not one array")
    file.seek(0)
    version = npy.read_magic(file)
    try:
        shape, dtype = _header(file, version)
    except ValueError:
        raise
    except Exception as error:  # a header is a Python literal, with all that can be wrong with one
        raise ValueError(f"its header cannot be read: {error}") from error
    if dtype.hasobject:
        raise ValueError("it holds Python objects, not numbers")
    wanted = math.prod(shape) * dtype.itemsize
    if min(shape, default=0) < 0 or wanted != size - file.tell():
        raise ValueError(f"its header says {dtype} {shape}, which {size} bytes do not hold")


def _header(file: IO[bytes], version: tuple[int, int]) -> tuple[tuple[int, ...], np.dtype[Any]]:
    readers = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
    if version not in readers:
        raise ValueError(f"it is of NumPy's format {version}, which is not read here")
    shape, _, dtype = readers[version](file)
    return shape, dtype


def _memory() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
