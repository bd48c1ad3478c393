"""Digests of files, read once a process as long as they lie there unchanged."""

import hashlib
from pathlib import Path

from components.files.digests import hashed, known_sha256

CONTENT = b"w" * 100_000


def test_the_digest_is_of_all_bytes_and_a_file_is_read_once(tmp_path: Path) -> None:
    path = tmp_path / "w"
    path.write_bytes(CONTENT)
    before = hashed.cache_info().misses
    assert {known_sha256(path) for _ in range(3)} == {hashlib.sha256(CONTENT).hexdigest()}
    assert hashed.cache_info().misses - before == 1
    path.write_bytes(CONTENT + b"x")
    assert known_sha256(path) == hashlib.sha256(CONTENT + b"x").hexdigest()
