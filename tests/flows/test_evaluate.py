"""`alphabar evaluate` on folders that no training run has made."""

import csv
import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits
from typer.testing import CliRunner

from components.errors import AlphabarError
from components.evaluation.images.image_files import ImageFiles
from components.figures.record import read_judgement
from flows.cli import app, main
from tests.tiny_preference_models import tiny_pickscore

FD, COPIES = "fd_efficientnet_lite0", "authenticity_efficientnet_lite0"
QUICK = ("--size", "32", "--metric", "fd", "--quiet")
OF_COPIES = (*QUICK, "--metric", "authenticity")


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


def test_a_preference_model_judges_images_and_their_captions(here: Path, scans: np.ndarray) -> None:
    save(scans[:24], here / "real")
    save(scans[24:48], here / "other")
    rows = [f"{k:03d}.png,a {['cat', 'dog'][k % 2]}" for k in range(24)]
    (here / "other" / "metadata.csv").write_text("\n".join(["file_name,caption", *rows]) + "\n")
    tiny_pickscore(here / "judge")
    asked = ("other", "--reference", "real", "--preference", "pickscore:judge")
    said = evaluate(*asked, "--out", "figures", *QUICK)
    assert "preference score" in said
    figure = read_judgement(here / "figures").figures["preference_score_pickscore"]
    assert figure.low < figure.value < figure.high


def test_two_folders_are_compared_without_a_training_run(here: Path, scans: np.ndarray) -> None:
    save(scans[:60], here / "real", sizes=(8, 16))
    save(scans[60:120], here / "other", sizes=(8, 12))
    save(255 - scans[60:120], here / "negative")
    for name in ("other", "negative"):
        said = evaluate(name, "--reference", "real", "--out", f"{name}-figures", *QUICK)
        assert "Fréchet distance" in said
    other, negative = (
        read_judgement(here / f"{name}-figures").figures for name in ("other", "negative")
    )
    assert negative[FD].low > other[FD].high
    protocol = other[FD].protocol
    assert (protocol.n_generated, protocol.n_reference, protocol.reference) == (60, 60, "real")
    with (here / "other-figures" / "metrics.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["metric"] for row in rows] == [FD]
    assert float(rows[0]["low"]) == other[FD].low


def test_images_that_were_trained_on_are_found_out(here: Path, scans: np.ndarray) -> None:
    save(scans[:60], here / "real")
    save(scans[60:120], here / "training")
    evaluate("training", "--reference", "real", "--training", "training", "--out", "o", *OF_COPIES)
    assert read_judgement(here / "o").figures[COPIES].value == 0.0
    pairs = json.loads((here / "o" / "closest_pairs.json").read_text())["pairs"]
    assert all(pair["generated"] == pair["training"] for pair in pairs)


def test_what_cannot_serve_as_training_images_costs_only_the_figures_of_copies(
    here: Path, scans: np.ndarray
) -> None:
    save(scans[:40], here / "real")
    np.save("flat.npy", np.zeros((40, 8, 8, 1), np.uint8))
    evaluate(
        "real", "--reference", "real", "--training", "flat.npy", "--out", "o", "--size", "32", "-q"
    )
    content = json.loads((here / "o" / "metrics.json").read_text())
    assert COPIES in content["left_out"]


def test_closest_pairs_are_shown_whatever_the_shapes_of_the_images(
    here: Path, scans: np.ndarray
) -> None:
    save(scans[:40], here / "real")
    np.save("grey.npy", scans[40:80, ..., None])
    evaluate("grey.npy", "--reference", "real", "--training", "real", "--out", "o", *OF_COPIES)
    pairs = np.load(here / "o" / "closest_pairs.npy")
    assert pairs.shape == (24, 2, 96, 96, 3)


def test_a_folder_that_cannot_be_read_is_an_error_and_not_a_smaller_set(
    here: Path, scans: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(scans[:20], here / "real")
    save(scans[20:40], here / "real" / "locked")

    def scandir(place: str) -> object:
        if str(place).endswith("locked"):
            raise PermissionError(13, "Permission denied", str(place))
        return real_scandir(place)

    real_scandir = os.scandir  # root, who runs some tests, can read everything
    monkeypatch.setattr(os, "scandir", scandir)
    with pytest.raises(AlphabarError, match="locked cannot be read"):
        ImageFiles.in_folder(here / "real")


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
        figure = read_judgement(here / f"of-{name}").figures[FD]
        found.append((figure.measured.estimate, figure.protocol))
    assert found[0] == found[1] == found[2]


def test_every_file_of_a_folder_is_judged_or_counted_and_named(
    here: Path, scans: np.ndarray
) -> None:
    save(scans[:30], here / "real")
    folder = save(scans[30:50], here / "mixed")
    for number, image in enumerate(scans[50:70]):
        Image.fromarray(image).save(folder / f"g{number}.gif")
    Image.fromarray(scans[70]).save(folder / "page.jpg", "TIFF")
    (folder / "sub").mkdir()
    frames = [Image.fromarray(scan) for scan in scans[71:73]]
    frames[0].save(folder / "sub" / "moving.gif", save_all=True, append_images=frames[1:])
    for name in ("Thumbs.db", ".DS_Store", "notes.txt"):
        (folder / name).write_text("no image")
    said = evaluate("mixed", "--reference", "real", "--out", "o", *QUICK)
    assert "generated: 42 images in 2 folders" in said
    assert "of which the first is judged (sub/moving.gif)" in said
    assert "generated: 3 not read (.DS_Store, Thumbs.db, notes.txt)" in said
    assert read_judgement(here / "o").figures[FD].protocol.n_generated == 42
    kept = json.loads((here / "o" / "metrics.json").read_text())["folders"]
    assert kept["generated"] == {
        "images": 42,
        "folders": 2,
        "first_frames": {"count": 1, "names": ["sub/moving.gif"]},
        "not_read": {"count": 3, "names": [".DS_Store", "Thumbs.db", "notes.txt"]},
    }
    assert kept["reference"]["not_read"] == {"count": 0, "names": []}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("gone", "--reference", "real"), "neither images nor a model"),
        (("real", "--reference", "gone"), "`--reference gone`: there is no such path"),
        (("real", "--reference", "empty"), "holds no image"),
        (("real", "--reference", "broken"), "corrupt"),
        (("real", "--reference", "text.npy"), "not an array of images"),
        (("real", "--reference", "real", "--extractor", "incption"), "choose from"),
        (("real", "--reference", "real", "--out", "text.npy/deep"), "cannot be made"),
        (("real", "--reference", "zero.npy"), "cannot be evaluated"),
        (("real", "--reference", "other.npz"), "it has pictures"),
        (("real", "--reference", "real", "-e", "e.yaml"), "or said twice"),
        (("real", "-e", "e.yaml", "--training", "real"), "--training has no meaning"),
        (("real", "-e", "e.yaml", "--metric", "kd"), "--metric has no meaning"),
        (("real", "--reference", "real", *OF_COPIES), "the training images are not known"),
        (("s-empty", "--reference", "real"), "has no row"),
        (("s-scalar", "--reference", "real"), "does not fit the 1 rows"),
        (("s-archive", "--reference", "real"), "archive of arrays"),
        (("s-huge", "--reference", "real"), "beyond 64 bits"),
        (("s-half", "--reference", "real"), "not whole numbers"),
        (("real", "--reference", "real", "--metric", "fid"), "metrics"),
        (("real", "--reference", "real", "--out", "empty"), "exists"),
        (("real", "--reference", "real", "--style", "bold"), "without an experiment"),
        (("real", "--reference", "real", "--clip", "clip:ViT-B-32:w.pt"), "has no captions"),
        (("real", "--reference", "real", "--preference", "pickscore:gone"), "has no captions"),
        (("real", "--reference", "real", "--preference", "hps:model.pt"), "which HPS it is"),
        (("real", "-e", "e.yaml", "--preference", "hps:v2.pt"), "--preference has no meaning"),
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
    np.save("zero.npy", np.zeros((12, 0, 8, 3), np.uint8))
    np.savez("other.npz", pictures=scans[:12, ..., None])
    for name, images, row in (
        ("empty", scans[:12, ..., None], ""),
        ("scalar", np.uint8(3), "0,0,1,1,one"),
        ("huge", scans[:1, ..., None], f"0,{10**25},1,1,one"),
        ("half", scans[:1, ..., None], "0,0,1.5,1,one"),
        ("archive", None, "0,0,1,1,one"),
    ):
        folder = here / f"s-{name}"
        folder.mkdir()
        if images is None:
            np.savez(folder / "images", a=scans[:12])
            (folder / "images.npz").rename(folder / "images.npy")
        else:
            np.save(folder / "images.npy", images)
        (folder / "samples.csv").write_text(f"index,seed,class,label,caption\n{row}\n")
    (here / "text.npy").write_text("not an array")
    monkeypatch.setattr("sys.argv", ["alphabar", "evaluate", *arguments, "--quiet"])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 2
    said = capsys.readouterr().err
    assert message in said
    assert "remedy" in said
    assert not (here / "figures").exists()
