import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from components.data import pin
from components.data.cache import fill_cache
from components.data.listing import list_files, listing_hash
from components.data.pin import directory_hash, packaged_data, pinned_hashes, raw_folder, verify
from components.errors import AlphabarError
from components.spec.sections.data import DataSpec

DIGITS = DataSpec(source="digits")
MINE = DataSpec(source="folder", name="data")  # a name that must not be taken for data/


def pinned_by_hand(root: Path, folder: Path) -> Path:
    """``folder`` as datasets/data under ``root``, with the .dvc file that dvc would write."""
    target = Path(shutil.copytree(folder, root / "datasets/data"))
    text = f"outs:\n- md5: {directory_hash(target)}\n  hash: md5\n  path: data\n"
    (root / "datasets/data.dvc").write_text(text)
    return target


def test_each_source_has_its_own_hash(fetched: Path) -> None:
    data_hash = pinned_hashes(fetched)
    openmoji = DataSpec(source="openmoji")
    assert data_hash(DIGITS) == directory_hash(fetched / "data/digits")
    assert data_hash(openmoji) == directory_hash(fetched / "data/openmoji")


def test_both_styles_share_a_hash(fetched: Path) -> None:
    data_hash = pinned_hashes(fetched)
    assert data_hash(DIGITS) == data_hash(DataSpec(source="digits", style="bold"))


def test_a_folder_is_read_and_hashed_once(fetched: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = Counter[str]()

    def counted(name: str) -> Callable[..., object]:
        real = getattr(pin, name)

        def call(*args: object) -> object:
            calls[name] += 1
            return real(*args)

        return call

    for name in ("list_files", "listing_hash"):
        monkeypatch.setattr(pin, name, counted(name))
    data_hash = pinned_hashes(fetched)
    for size in (8, 16, 32):
        data_hash(DataSpec(source="digits", size=size))
    assert calls == {"list_files": 1, "listing_hash": 2}, "the whole against its pin, and its part"


def test_a_changed_byte_is_named(writable: Path) -> None:
    path = writable / "data/digits/bold/0042.png"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(AlphabarError, match="digits/bold/0042.png changed") as caught:
        pinned_hashes(writable)(DIGITS)
    assert "1 file not as pinned" in caught.value.what
    assert "data fetch --force" in caught.value.remedy


def test_a_missing_and_an_extra_file_are_named(writable: Path) -> None:
    (writable / "data/openmoji/line/1F600.svg").unlink()
    (writable / "data/digits/notes.txt").touch()
    with pytest.raises(AlphabarError) as caught:
        verify(packaged_data(writable))
    assert "openmoji/line/1F600.svg is missing" in caught.value.what
    assert "digits/notes.txt does not belong there" in caught.value.what


def test_data_that_was_never_fetched_gives_the_command(tmp_path: Path, fetched: Path) -> None:
    shutil.copy(fetched / "data.dvc", tmp_path)
    with pytest.raises(AlphabarError, match="does not exist") as caught:
        verify(packaged_data(tmp_path))
    assert "alphabar data fetch" in caught.value.remedy


def test_files_that_are_only_missing_are_fetched_without_force(
    tmp_path: Path, fetched: Path, writable: Path
) -> None:
    (writable / "data/openmoji/line/1F600.svg").unlink()
    (tmp_path / "empty/data").mkdir(parents=True)
    shutil.copy(fetched / "data.dvc", tmp_path / "empty")
    for root in (writable, tmp_path / "empty"):
        with pytest.raises(AlphabarError, match=r"has \d+ of the \d+ files in") as caught:
            verify(packaged_data(root))
        assert caught.value.remedy == "run `alphabar data fetch`"
        assert ("openmoji/line/1F600.svg is missing" in caught.value.what) == (root == writable)


def test_other_package_versions_are_told_from_changed_files(writable: Path) -> None:
    pin = writable / "data.dvc"
    pin.write_text(pin.read_text().replace("md5: ", "md5: 0", 1))
    with pytest.raises(AlphabarError, match="installed packages make other files"):
        verify(packaged_data(writable))


@pytest.mark.parametrize(
    "text", ["outs: []", "outs:\n- md5: abc\n  hash: md5", "3", "outs:\n- md5: a.dir"]
)
def test_a_broken_pin_is_an_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "data.dvc").write_text(text)
    with pytest.raises(AlphabarError, match="does not pin one directory"):
        verify(packaged_data(tmp_path))


def test_a_users_folder_has_its_own_pin(tmp_path: Path, pictures: Callable[..., Path]) -> None:
    target = pinned_by_hand(tmp_path, pictures())
    raw = raw_folder(MINE, tmp_path)
    assert (raw.folder, raw.pinned) == (target, target)
    assert pinned_hashes(tmp_path)(MINE) == directory_hash(target)


def test_a_users_changed_file_is_named_from_the_cache(
    tmp_path: Path, pictures: Callable[..., Path]
) -> None:
    target = pinned_by_hand(tmp_path, pictures())
    (tmp_path / ".dvc").mkdir()
    fill_cache(target, list_files(target))
    (target / "2.png").write_bytes(b"")
    with pytest.raises(AlphabarError, match="2.png changed") as caught:
        verify(raw_folder(MINE, tmp_path))
    assert "dvc checkout" in caught.value.remedy


def test_without_a_cache_both_hashes_are_told(
    tmp_path: Path, pictures: Callable[..., Path]
) -> None:
    target = pinned_by_hand(tmp_path, pictures())
    pin = directory_hash(target)
    (target / "2.png").write_bytes(b"")
    with pytest.raises(AlphabarError, match=f"{listing_hash(list_files(target))} instead of {pin}"):
        verify(raw_folder(MINE, tmp_path))


def test_an_unknown_dataset_names_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "datasets").mkdir()
    (tmp_path / "datasets/kittens.dvc").touch()
    with pytest.raises(AlphabarError, match="kitten.dvc does not exist") as caught:
        verify(raw_folder(DataSpec(source="folder", name="kitten"), tmp_path))
    assert "kittens" in caught.value.remedy


def test_the_module_is_light() -> None:
    code = (
        "import sys, components.data.pin as pin;"
        "heavy = {'torch', 'numpy', 'pandas', 'PIL', 'sklearn', 'dvc', 'mlflow', 'prefect'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    command = [sys.executable, "-c", code]
    found = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    assert found.stdout.strip() == "[]"
