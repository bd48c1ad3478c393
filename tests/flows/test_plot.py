"""`alphabar plot`: a picture that can be opened, and files that are refused."""

from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner

from components.errors import AlphabarError
from flows.cli import app


def plot(*words: object) -> str:
    words_ = ["plot", "schedules", *map(str, words)]
    result = CliRunner().invoke(app, words_, catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


def test_a_picture_is_written_twice_the_same(tmp_path: Path) -> None:
    out = tmp_path / "new" / "schedules.png"
    assert plot("--out", out) == f"written to {out}\n"
    first = out.read_bytes()
    with Image.open(out) as image:
        assert image.format == "PNG"
        assert image.width > 2 * image.height
    plot("--out", out)
    assert out.read_bytes() == first


def test_without_out_it_goes_to_the_reports(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    plot()
    assert (tmp_path / "reports" / "schedules.png").is_file()


@pytest.mark.parametrize("name", ["schedules.svg", "schedules", "folder.png", "file/x.png"])
def test_what_cannot_be_a_png_file_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "file").write_text("")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(AlphabarError) as refusal:
        plot("--out", tmp_path / name)
    assert str(tmp_path / name) in refusal.value.what
    assert sorted(tmp_path.rglob("*")) == before
