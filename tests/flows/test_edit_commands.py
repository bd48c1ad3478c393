"""The editing commands: what they write, how images are taken, and what they refuse."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngImageFile
from typer.testing import CliRunner

from components.data import images as loader
from components.errors import AlphabarError
from components.generation.editing.inversion import psnr
from components.networks.checkpoint import new_checkpoint, save_checkpoint
from flows.cli import app
from flows.tools.chosen import Chosen
from tests.model_config import model_config

SIZE = 8


def save_model(
    folder: Path, encoder: str = "class", channels: int = 1, dropout: float = 0.1
) -> str:
    """An untrained model's directory."""
    config = model_config(
        encoder,
        size=SIZE,
        grey=channels == 1,
        classes=("cat", "dog"),
        dropout=dropout,
        steps=100,
    )
    folder.mkdir()
    save_checkpoint(folder, config, new_checkpoint(config, 0).network)
    return str(folder)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    root = tmp_path_factory.mktemp("models")
    return {
        "class": save_model(root / "class"),
        "always": save_model(root / "always", dropout=0.0),
        "none": save_model(root / "none", "none"),
        "colour": save_model(root / "colour", "none", channels=3),
    }


def picture(path: Path, width: int = SIZE, height: int = SIZE, mode: str = "L") -> Path:
    shape = (height, width) if mode == "L" else (height, width, 3)
    pixels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    return path


@pytest.fixture
def image(tmp_path: Path) -> Path:
    return picture(tmp_path / "image.png")


@pytest.fixture
def mask(tmp_path: Path) -> Path:
    """The lower half is to be drawn."""
    pixels = np.zeros((SIZE, SIZE), dtype=np.uint8)
    pixels[SIZE // 2 :] = 255
    Image.fromarray(pixels).save(tmp_path / "mask.png")
    return tmp_path / "mask.png"


def alphabar(*words: object) -> str:
    """What the command prints."""
    result = CliRunner().invoke(app, [*map(str, words)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def refused(*words: object) -> AlphabarError:
    with pytest.raises(AlphabarError) as refusal:
        CliRunner().invoke(app, [*map(str, words)], catch_exceptions=False)
    return refusal.value


def contents(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def read(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path))


def check_picture(out: Path, columns: int, rows: int) -> None:
    """Images enlarged to 144 pixels, that many across and down."""
    with Image.open(out / "picture.png") as shown:
        assert shown.mode == "RGB"
        assert shown.width == columns * (144 + 14) + 14
        assert rows * 144 < shown.height < rows * (144 + 40) + 100


def test_invert_writes_the_noise_and_what_it_draws(
    models: dict[str, str], image: Path, tmp_path: Path
) -> None:
    second, out = picture(tmp_path / "second.png"), tmp_path / "out"
    words = ["invert", models["class"], image, second, "--out", out, "--steps", 4, "-q"]
    said = alphabar(*words, "--prompt", "cat", "--refinements", 2)
    assert contents(out) == [
        "images/00000.png",
        "images/00001.png",
        "manifest.json",
        "metrics.json",
        "noise.npy",
        "picture.png",
        "reconstructions/00000.png",
        "reconstructions/00001.png",
    ]
    noise = np.load(out / "noise.npy")
    assert noise.shape == (2, 1, SIZE, SIZE)
    assert noise.dtype == np.float32
    assert np.array_equal(read(out / "images" / "00000.png"), read(image))
    figures = json.loads((out / "metrics.json").read_text())
    assert figures["images"] == ["image.png", "second.png"]
    assert figures["network_evaluations"] == 4 * 4
    again = read(out / "reconstructions" / "00000.png")[..., None]
    value = psnr(again, read(image)[..., None])
    assert figures["psnr"][0] == (value if math.isfinite(value) else None)
    assert f"image.png: PSNR {value:.1f} dB" in said or "image.png: every pixel equal" in said
    check_picture(out, 3, 2)


def test_interpolate_begins_and_ends_where_sample_draws_its_seeds(
    models: dict[str, str], tmp_path: Path
) -> None:
    out, options = tmp_path / "out", ["--prompt", "dog", "--steps", 4, "-q"]
    seeds = ["--seeds", 3, 8, "--frames", 5]
    alphabar("interpolate", models["class"], *seeds, "--out", out, *options)
    assert contents(out) == [
        *(f"images/0000{k}.png" for k in range(5)),
        "manifest.json",
        "picture.png",
    ]
    for frame, seed in (("00000.png", 3), ("00004.png", 8)):
        alone = tmp_path / f"seed{seed}"
        alphabar("sample", models["class"], "-n", 1, "--seed", seed, "--out", alone, *options)
        own = read(alone / "images" / "00000.png").astype(int)
        # a convolution's sums are ordered by batch size; a pixel may round the other way
        assert np.abs(read(out / "images" / frame).astype(int) - own).max() <= 1
    check_picture(out, 5, 1)


def test_img2img_draws_as_many_as_asked_for_from_one_image(
    models: dict[str, str], image: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    words = ["img2img", models["class"], image, "--out", out, "--steps", 4, "--strength", 0.5]
    alphabar(*words, "-n", 10, "--prompt", "cat", "--prompt", "dog", "-q")
    assert len(contents(out / "images")) == 10
    results = {read(out / "images" / f"{k:05d}.png").tobytes() for k in range(10)}
    assert len(results) == 10
    check_picture(out, 9, 2)


def test_inpaint_keeps_what_is_black_in_the_mask(
    models: dict[str, str], image: Path, mask: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    words = ["inpaint", models["none"], image, "--mask", mask, "--out", out, "--steps", 3]
    alphabar(*words, "-n", 2, "--resamples", 2, "--jump", 1, "-q")
    for k in range(2):
        result = read(out / "images" / f"{k:05d}.png")
        assert np.array_equal(result[: SIZE // 2], read(image)[: SIZE // 2])
        assert not np.array_equal(result[SIZE // 2 :], read(image)[SIZE // 2 :])
    check_picture(out, 4, 1)


def texts(file: Path) -> dict[str, str]:
    """The metadata of a PNG file."""
    with PngImageFile(file) as image:
        return dict(image.text)


def test_every_result_says_how_it_was_drawn_and_from_what(
    models: dict[str, str], image: Path, mask: Path, tmp_path: Path
) -> None:
    model, out = models["class"], iter(tmp_path / f"out{k}" for k in range(9))
    told = ["--prompt", "dog", "--steps", 3, "--guidance", 1.5, "-q"]
    seeded = [*told, "--seed", 7, "--solver", "ddpm", "-n", 2]

    def drawn(*words: object, folder: str = "images") -> dict[str, str]:
        alphabar(*words, "--out", place := next(out))
        return texts(place / folder / "00001.png")

    sampled = drawn("sample", model, *seeded)
    assert (sampled["prompt"], sampled["seed"], sampled["solver"]) == ("dog", "8", "ddpm")
    anew = drawn("img2img", model, image, "--strength", 0.7, *seeded)
    own = {"command": "img2img", "source": "image.png", "strength": "0.7"}
    assert anew == {**sampled, **own}
    filled = drawn("inpaint", model, image, "--mask", mask, "--jump", 2, *seeded)
    own = {"source": "image.png", "mask": "mask.png", "resamples": "10", "jump": "2"}
    assert filled == {**sampled, **own, "command": "inpaint"}

    between = drawn("interpolate", model, "--seeds", 3, 8, "--frames", 3, *told)
    assert (between["seeds"], between["between"], between["prompt"]) == ("3 to 8", "0.5", "dog")
    words = ["invert", model, image, image, "--refinements", 2, *told]
    again = drawn(*words, folder="reconstructions")
    assert (again["source"], again["refinements"]) == ("image.png", "2")
    for found in (between, again):
        assert "seed" not in found, "no seed of the settings was read"
        assert "seed" not in json.loads(found["settings"])
        assert (found["steps"], found["guidance"], found["model"]) == ("3", "1.5", model)
    given = drawn("invert", model, image, image, *told)
    assert given == {"source": "image.png"}, "nothing was drawn here"


def test_without_a_prompt_there_is_none_in_the_metadata(
    models: dict[str, str], image: Path, tmp_path: Path
) -> None:
    alphabar("img2img", models["none"], image, "--out", tmp_path / "out", "--steps", 2, "-q")
    assert "prompt" not in texts(tmp_path / "out" / "images" / "00000.png")


def test_an_image_of_another_size_and_kind_is_taken_and_said_so(
    models: dict[str, str], tmp_path: Path
) -> None:
    photo = picture(tmp_path / "photo.jpg", 40, 30, "RGB")
    wide_mask = tmp_path / "mask.png"
    pixels = np.zeros((30, 40), dtype=np.uint8)
    pixels[:, 20:] = 255
    Image.fromarray(pixels).save(wide_mask)
    options = ["--steps", 2, "--resamples", 1, "-n", 1, "-q"]
    for name, kind in (("class", "grey"), ("colour", "RGB")):
        out = tmp_path / name
        words = ["inpaint", models[name], photo, "--mask", wide_mask, "--out", out, *options]
        said = alphabar(*words)
        assert f"photo.jpg: 40 x 30 RGB, its central square taken as 8 x 8 {kind}" in said
        expected = loader.square_pixels(photo, SIZE, grey=name == "class")
        result = read(out / "images" / "00000.png").reshape(expected.shape)
        assert np.array_equal(result[:, : SIZE // 2], expected[:, : SIZE // 2])


def test_an_image_that_fits_is_taken_without_a_word(
    models: dict[str, str], image: Path, tmp_path: Path
) -> None:
    words = ["img2img", models["none"], image, "--out", tmp_path / "out", "--steps", 2, "-q"]
    assert "taken as" not in alphabar(*words, "-n", 1)


def save_broken(folder: Path) -> dict[str, Path]:
    """Files that are not to be taken, by what is said of them."""
    whole = picture(folder / "whole.png")
    cut = folder / "cut.png"
    cut.write_bytes(whole.read_bytes()[:60])
    notes = folder / "notes.png"
    notes.write_text("no picture")
    return {
        "there is no image": folder / "nowhere.png",
        "is not an image that is read": notes,
        "corrupt or cut off": cut,
        "the limit is": picture(folder / "huge.png", 30, 30),
    }


@pytest.mark.parametrize("command", ["invert", "img2img", "inpaint"])
def test_hostile_images_are_refused_and_nothing_is_left_behind(
    models: dict[str, str],
    image: Path,
    mask: Path,
    tmp_path: Path,
    command: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(loader, "MAX_PIXELS", 29 * 30)
    out = tmp_path / "out"
    for message, path in save_broken(tmp_path).items():
        options: list[Any] = ["--mask", mask] if command == "inpaint" else []
        before = contents(tmp_path)
        words = [command, models["none"], path, *options, "--out", out, "--steps", 2, "-q"]
        assert message in refused(*words).what
        if command == "inpaint":
            words = [command, models["none"], image, "--mask", path, "--out", out, "-q"]
            assert message in refused(*words).what
        assert contents(tmp_path) == before


def test_a_mask_that_does_not_fit_is_refused(
    models: dict[str, str], image: Path, tmp_path: Path
) -> None:
    words = ["inpaint", models["none"], image, "--out", tmp_path / "out", "-q", "--mask"]
    odd = picture(tmp_path / "odd.png", 9, 8)
    assert "9 x 8 pixels, the image 8 x 8" in refused(*words, odd).what
    black = tmp_path / "black.png"
    Image.new("L", (SIZE, SIZE), 127).save(black)
    assert "leaves nothing to draw" in refused(*words, black).what


@pytest.mark.parametrize(
    ("model", "options", "message"),
    [
        ("class", ["--prompt", "cow"], "no class `cow`"),
        ("class", ["--guidance", "3"], "guidance needs something"),
        ("class", ["--set", "negative_prompt=dog"], "guidance needs something"),
        ("none", ["--prompt", "cat"], "unconditional: it cannot be told `cat`"),
        ("none", ["--guidance", "3"], "guidance needs something"),
        ("always", [], "never trained without a condition"),
        ("class", ["--strength", "0.001"], "less than one of 50 steps"),
        ("class", ["--steps", "101"], "more than the process's 100"),
        ("class", ["--solver", "ddmp"], "sampling.solver"),
        ("class", ["--set", "guide=weaker"], "`sampling.guide: weaker` and no guide model"),
    ],
)
def test_what_makes_no_sense_is_refused(
    models: dict[str, str],
    image: Path,
    tmp_path: Path,
    model: str,
    options: list[str],
    message: str,
) -> None:
    out = tmp_path / "out"
    assert message in refused("img2img", models[model], image, "--out", out, "-q", *options).what
    assert contents(tmp_path) == ["image.png"]


def test_a_folder_that_is_there_is_left_alone(
    models: dict[str, str], image: Path, tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir()
    words = ["img2img", models["none"], image, "--out", tmp_path / "out", "-q"]
    assert "exists already" in refused(*words).what
    assert contents(tmp_path) == ["image.png"]


def test_every_solver_can_be_asked_for(models: dict[str, str], image: Path, tmp_path: Path) -> None:
    from components.sampling.solvers import SOLVERS

    for solver in SOLVERS:
        out = tmp_path / solver
        words = ["img2img", models["none"], image, "--out", out, "--solver", solver, "-n", 1]
        alphabar(*words, "--steps", 3, "-q")
        assert contents(out) == ["images/00000.png", "manifest.json", "picture.png"]


@pytest.mark.parametrize("command", ["invert", "interpolate", "img2img", "inpaint"])
def test_every_command_has_help_with_an_example(command: str) -> None:
    assert f"alphabar {command}" in alphabar(command, "--help").split("Example:")[1]


def test_psnr_is_that_of_the_definition() -> None:
    image = np.full((4, 4, 1), 10, dtype=np.uint8)
    assert psnr(image, image) == math.inf
    assert psnr(image, image + 1) == pytest.approx(20 * math.log10(255))
    black, white = np.zeros((2, 2, 3), dtype=np.uint8), np.full((2, 2, 3), 255, dtype=np.uint8)
    assert psnr(black, white) == 0


@pytest.mark.parametrize("command", ["invert", "img2img", "inpaint"])
def test_a_mistyped_image_is_answered_before_any_weights_are_loaded(
    models: dict[str, str],
    mask: Path,
    tmp_path: Path,
    command: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Chosen, "load", lambda *_: pytest.fail("weights are loaded"))
    picture(tmp_path / "seven.png")
    options: list[Any] = ["--mask", mask] if command == "inpaint" else []
    error = refused(
        command, models["none"], tmp_path / "sevn.png", *options, "--out", tmp_path / "out", "-q"
    )
    assert error.what == f"there is no image {tmp_path / 'sevn.png'}"
    assert f"did you mean {tmp_path / 'seven.png'}?" in error.remedy
