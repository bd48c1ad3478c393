"""A safetensors file with more to say in its header: the same content gives the same bytes.

safetensors writes several entries in no fixed order, and cannot know the digest of what follows.
"""

import hashlib
import json
import shutil
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

from safetensors.torch import save_file
from torch import Tensor

from components.files.json_file import parse_json

HASH = "modelspec.hash_sha256"
_CHUNK = 2**22


def save_with_header(
    target: Path,
    tensors: dict[str, Tensor],
    entries: Mapping[str, str],
    digests: Mapping[str, str] = {},
) -> None:
    """Write ``tensors`` with ``entries`` in the header.

    Args:
        digests: further entries, in which ``{}`` stands for the SHA-256 of the tensors' bytes.
    """
    plain = target.with_name(f"{target.name}.plain")
    save_file(tensors, plain)
    try:
        with plain.open("rb") as source, target.open("wb") as out:
            header = _header(source)
            start = source.tell()
            digest = hashlib.sha256()
            while chunk := source.read(_CHUNK):
                digest.update(chunk)
            found = {name: text.format(digest.hexdigest()) for name, text in digests.items()}
            said = {**entries, **found}
            text = json.dumps({"__metadata__": dict(sorted(said.items())), **header})
            block = text.encode() + b" " * (-len(text.encode()) % 8)
            out.write(struct.pack("<Q", len(block)) + block)
            source.seek(start)
            shutil.copyfileobj(source, out, _CHUNK)
    finally:
        plain.unlink(missing_ok=True)


def _header(source: BinaryIO) -> dict[str, object]:
    (length,) = struct.unpack("<Q", source.read(8))
    found: dict[str, object] = parse_json(source.read(length).decode())
    found.pop("__metadata__", None)
    return found
