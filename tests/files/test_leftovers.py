"""Clean-up removes whatever it is given, and never speaks up over the error that led to it."""

from pathlib import Path

from components.files.leftovers import remove


def test_files_folders_and_links_go_and_what_is_not_there_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "file.part").write_text("x")
    (tmp_path / "folder.part" / "deep").mkdir(parents=True)
    (tmp_path / "kept").mkdir()
    (tmp_path / "link.part").symlink_to(tmp_path / "kept")
    remove(*tmp_path.glob("*.part"), tmp_path / "never")
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


def test_what_cannot_be_removed_is_left_without_a_word(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    remove(tmp_path / "file" / "below")
    assert (tmp_path / "file").is_file()
