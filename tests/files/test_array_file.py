"""NumPy's files: a header that lies is refused, and so is what unpacks to more than the memory."""

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from components.files import array_file
from components.files.array_file import read_archive, read_array


def npy(shape: tuple[int, ...], content: bytes = b"", dtype: str = "|u1") -> bytes:
    """A .npy file whose header says ``shape``, whatever follows."""
    file = io.BytesIO()
    fields = {"descr": dtype, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, fields)
    return file.getvalue() + content


HOSTILE = {
    "a huge shape": npy((10**9, 10**9)),
    "a shape larger than its values": npy((100,), bytes(99)),
    "a shape smaller than its values": npy((100,), bytes(101)),
    "a negative shape": npy((-1, 100), bytes(100)),
    "objects": npy((1,), bytes(8), "|O"),
    "no header": b"\x93NUMPY\x01\x00",
    "a header that is no dict": b"\x93NUMPY\x01\x00\x08\x00" + b"[" * 7 + b"\n",
    "another format": b"\x93NUMPY\x09\x00" + bytes(100),
    "text": b"images",
    "nothing": b"",
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("mapped", [True, False])
def test_an_array_that_lies_is_refused(tmp_path: Path, content: bytes, mapped: bool) -> None:
    path = tmp_path / "a.npy"
    path.write_bytes(content)
    with pytest.raises(ValueError):  # noqa: PT011 - NumPy's own words, or ours
        read_array(path, mapped=mapped)


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_an_archive_whose_member_lies_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("arr_0.npy", content)
    with pytest.raises(ValueError):  # noqa: PT011
        read_archive(path)


def test_an_archive_that_unpacks_to_more_than_the_memory_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.npz"
    np.savez_compressed(path, np.zeros(10_000))
    monkeypatch.setattr(array_file, "_memory", lambda: 10_000)
    with pytest.raises(ValueError, match="more than the memory"):
        read_archive(path)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"text", bytes(100)])
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(ValueError, match="no whole .npz"):
        read_archive(tmp_path / "a.npz")


def test_a_damaged_member_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, np.arange(1000.0))
    whole = bytearray(path.read_bytes())
    whole[4000] ^= 1
    path.write_bytes(whole)
    with pytest.raises(ValueError, match="no whole .npz"):
        read_archive(path)


@pytest.mark.parametrize(
    "array", [np.arange(6.0).reshape(2, 3), np.zeros((0, 4), np.uint8), np.array(3), np.ones(2).T]
)
def test_what_numpy_writes_is_read(tmp_path: Path, array: Any) -> None:
    np.save(tmp_path / "a.npy", array)
    for mapped in (False, array.size > 0):
        assert np.array_equal(read_array(tmp_path / "a.npy", mapped=mapped), array)
    np.savez(tmp_path / "a.npz", one=array, two=array)
    assert read_archive(tmp_path / "a.npz").keys() == {"one", "two"}
    assert read_archive(tmp_path / "a.npz", "two").keys() == {"two"}
    with pytest.raises(KeyError, match="one, two"):
        read_archive(tmp_path / "a.npz", "arr_0")
