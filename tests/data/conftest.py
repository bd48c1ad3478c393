"""Folders of images, as users bring them, and the packaged data fetched once."""

import json
import shutil
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

Records = list[dict[str, object]]


@pytest.fixture
def writable(fetched: Path, tmp_path: Path) -> Path:
    """A copy of the fetched root that a test may damage."""
    return Path(shutil.copytree(fetched, tmp_path / "root"))


@pytest.fixture
def pictures(tmp_path: Path) -> Callable[..., Path]:
    """Makes an ImageFolder of small random RGB images with captions, and gives its path."""

    def make(count: int = 4, size: tuple[int, int] = (12, 10), **columns: list[str]) -> Path:
        folder = tmp_path / "mine"
        folder.mkdir()
        rng = np.random.default_rng(0)
        lines: Records = []
        for index in range(count):
            pixels = rng.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / f"{index}.png")
            record = {"file_name": f"{index}.png", "caption": f"picture {index}"}
            lines.append(record | {name: values[index] for name, values in columns.items()})
        write_records(folder, lines)
        return folder

    return make


@pytest.fixture
def edit_records() -> Callable[[Path, Callable[[Records], Records]], None]:
    """Rewrites a folder's metadata.jsonl: ``change`` gets its records and returns the new ones."""

    def edit(folder: Path, change: Callable[[Records], Records]) -> None:
        lines = (folder / "metadata.jsonl").read_text().splitlines()
        write_records(folder, change([json.loads(line) for line in lines]))

    return edit


@pytest.fixture
def bomb() -> Callable[[int], bytes]:
    """Makes a PNG of a few hundred bytes that claims ``side`` x ``side`` pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    def make(side: int) -> bytes:
        header = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0))
        rows = chunk(b"IDAT", zlib.compress(bytes(10_000)))
        return b"\x89PNG\r\n\x1a\n" + header + rows + chunk(b"IEND", b"")

    return make


def write_records(folder: Path, records: Records) -> None:
    (folder / "metadata.jsonl").write_text("".join(json.dumps(r) + "\n" for r in records))
