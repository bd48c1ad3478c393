"""A .npy file that grows by rows, and goes on where a kill has stopped it."""

import os
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray


class GrowingArray:
    """Rows of one shape and type, written one after another.

    Until `finish` its header says that there are none, so that nobody takes a part for the whole.

    Args:
        path: of the file; one that is there already goes on.
        row: the shape of a row.
        dtype: of the values.
    """

    def __init__(self, path: Path, row: tuple[int, ...], dtype: type[np.generic]) -> None:
        self.row, self.dtype = row, np.dtype(dtype)
        self.row_bytes = int(np.prod(row, dtype=np.int64)) * self.dtype.itemsize
        self._file: IO[bytes] = path.open("r+b" if path.is_file() else "w+b")
        self._file.seek(0)
        self._write_header(0)
        self._begin = self._file.tell()

    def __enter__(self) -> "GrowingArray":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def __len__(self) -> int:
        """Whole rows that are there."""
        self._file.flush()
        return max(0, os.fstat(self._file.fileno()).st_size - self._begin) // self.row_bytes

    def keep(self, count: int) -> None:
        """Forget all but the first ``count`` rows."""
        self._file.truncate(self._begin + count * self.row_bytes)
        self._file.seek(0, os.SEEK_END)

    def append(self, rows: NDArray[Any]) -> None:
        """Add ``rows`` (n, *row)."""
        assert rows.shape[1:] == self.row, f"{rows.shape} are no rows of {self.row}"
        self._file.seek(0, os.SEEK_END)
        self._file.write(np.ascontiguousarray(rows, self.dtype).tobytes())
        self._file.flush()

    def finish(self) -> None:
        """Say in the header how many rows there are."""
        count = len(self)
        self.keep(count)
        self._file.seek(0)
        self._write_header(count)
        assert self._file.tell() == self._begin, "NumPy leaves room for the number of rows"
        self._file.flush()

    def _write_header(self, count: int) -> None:
        descr = npy.dtype_to_descr(self.dtype)
        header = {"descr": descr, "fortran_order": False, "shape": (count, *self.row)}
        npy.write_array_header_1_0(self._file, header)
