"""`alphabar evaluate` on folders that no training run has made."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits
from typer.testing import CliRunner

from components.evaluation.records import read_metrics
from flows.cli import app, main

FD, COPIES = "fd_efficientnet_lite0", "authenticity_efficientnet_lite0"
QUICK = ("--size", "32", "--metric", "fd", "--metric", "authenticity", "--quiet")


def save(images: np.ndarray, folder: Path, *, sizes: tuple[int, ...] = (8,)) -> Path:
    folder.mkdir()
    for number, image in enumerate(images):
        side = sizes[number % len(sizes)]
        picture = Image.fromarray(image).resize((side, side), Image.Resampling.NEAREST)
        picture.save(folder / f"{number:03d}.png")
    return folder


@pytest.fixture(scope="module")
def scans() -> np.ndarray:
    order = np.random.default_rng(0).permutation(1797)
    return np.round(load_digits().images[order] * (255 / 16)).astype(np.uint8)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def evaluate(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["evaluate", *arguments])
    assert result.exit_code == 0, result.output
    return result.output


def test_two_folders_are_compared_without_a_training_run(here: Path, scans: np.ndarray) -> None:
    save(scans[:60], here / "real", sizes=(8, 16))
    save(scans[60:120], here / "other", sizes=(8, 12))
    save(255 - scans[60:120], here / "negative")
    for name in ("other", "negative"):
        said = evaluate(name, "--reference", "real", "--out", f"{name}-figures", *QUICK)
        assert "Fréchet distance" in said
    other, negative = (
        read_metrics(here / f"{name}-figures" / "metrics.json") for name in ("other", "negative")
    )
    assert negative[FD].low > other[FD].high
    assert (other[FD].n_generated, other[FD].n_reference, other[FD].reference) == (60, 60, "real")
    with (here / "other-figures" / "metrics.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["metric"] for row in rows] == [FD]  # no training images, so nothing is a copy
    assert float(rows[0]["low"]) == other[FD].low


def test_images_that_were_trained_on_are_found_out(here: Path, scans: np.ndarray) -> None:
    save(scans[:60], here / "real")
    save(scans[60:120], here / "training")
    evaluate("training", "--reference", "real", "--training", "training", "--out", "o", *QUICK)
    assert read_metrics(here / "o" / "metrics.json")[COPIES].value == 0.0
    pairs = json.loads((here / "o" / "closest_pairs.json").read_text())["pairs"]
    assert all(pair["generated"] == pair["training"] for pair in pairs)


def test_files_and_the_same_images_as_an_array_give_the_same_figures(
    here: Path, scans: np.ndarray
) -> None:
    save(scans[:40], here / "real")
    save(scans[40:80], here / "files")
    np.save("array.npy", np.repeat(scans[40:80, ..., None], 3, axis=3))
    np.savez("zipped.npz", np.repeat(scans[40:80, ..., None], 3, axis=3))
    found = []
    for name in ("files", "array.npy", "zipped.npz"):
        evaluate(name, "--reference", "real", "--out", f"of-{name}", *QUICK)
        found.append(read_metrics(here / f"of-{name}" / "metrics.json")[FD])
    assert found[0] == found[1] == found[2]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("gone", "--reference", "real"), "neither images nor a model"),
        (("real", "--reference", "gone"), "there is no such folder"),
        (("real", "--reference", "empty"), "holds no image"),
        (("real", "--reference", "broken"), "corrupt"),
        (("real", "--reference", "text.npy"), "not an array of images"),
        (("real", "--reference", "real", "--extractor", "incption"), "choose from"),
        (("real", "--reference", "real", "--metric", "kd"), "which ranks"),
        (("real", "--reference", "real", "--metric", "fid"), "metrics"),
        (("real", "--reference", "real", "--out", "empty"), "exists"),
        (("real", "--reference", "real", "--style", "bold"), "without an experiment"),
        (("real", "--reference", "real", "--clip", "clip:ViT-B-32:w.pt"), "has no captions"),
        (("real",), "what to compare with is not said"),
        (("real", "--reference", "e.yaml", "--size", "96"), "--size has no meaning"),
    ],
)
def test_what_cannot_be_compared_is_named(
    here: Path,
    scans: np.ndarray,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    message: str,
) -> None:
    save(scans[:12], here / "real")
    save(scans[:12], here / "broken")
    (here / "broken" / "005.png").write_bytes((here / "real" / "005.png").read_bytes()[:60])
    (here / "empty").mkdir()
    (here / "text.npy").write_text("not an array")
    monkeypatch.setattr("sys.argv", ["alphabar", "evaluate", *arguments, "--quiet"])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 2
    said = capsys.readouterr().err
    assert message in said
    assert "remedy" in said
    assert not (here / "figures").exists()
