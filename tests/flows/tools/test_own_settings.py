"""All commands that sample use the settings and the guide that a registered model brings along."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from components.errors import AlphabarError
from components.generation.asked import edit_prompts, prompts_of
from components.generation.editing.image_to_image import resample_images
from components.generation.editing.inpainting import inpaint_images
from components.generation.editing.interpolation import interpolate_seeds
from components.generation.editing.inversion import invert_images
from components.generation.generate import generate
from components.generation.sampler import Sampler, load_sampler
from components.spec.sections.sampling import SamplingSpec
from flows.cli import app
from flows.tools.sampling import IMG2IMG, INPAINT, INVERT, Request, choose
from flows.workspace import Workspace
from tests.flows.tools.test_registered import SAMPLING, root

__all__ = ["root"]
OWN = SAMPLING.model_copy(update={"ema_length": None})  # the weights are of that length
BACKWARDS = SamplingSpec.model_validate(
    OWN.model_dump() | {"solver": "ddim", "eta": 0.0, "churn": 0.0}
)
COUNT = 3
MASK = np.zeros((4, 4), dtype=bool)
MASK[2:] = True

Call = Callable[[Sampler, np.ndarray], np.ndarray]


def by_sample(sampler: Sampler, image: np.ndarray) -> np.ndarray:
    return generate(sampler, prompts_of(sampler.model, ["dog"], COUNT)).images


def by_img2img(sampler: Sampler, image: np.ndarray) -> np.ndarray:
    prompts = prompts_of(sampler.model, ["dog"], COUNT)
    images = image[None].repeat(COUNT, axis=0)
    return resample_images(sampler, prompts, images, strength=0.7).images


def by_inpaint(sampler: Sampler, image: np.ndarray) -> np.ndarray:
    prompts = prompts_of(sampler.model, ["dog"], COUNT)
    images = image[None].repeat(COUNT, axis=0)
    return inpaint_images(sampler, prompts, images, ~MASK, resamples=2, jump=1).images


def by_interpolate(sampler: Sampler, image: np.ndarray) -> np.ndarray:
    prompts = prompts_of(sampler.model, ["dog"], COUNT)
    return interpolate_seeds(sampler, prompts, (3, 8), COUNT).images


def by_invert(sampler: Sampler, image: np.ndarray) -> np.ndarray:
    prompts = edit_prompts(sampler, ["dog"], 1)
    return invert_images(sampler, prompts, image[None], refinements=1).noise


COMMANDS: dict[str, tuple[list[str], Call, SamplingSpec]] = {
    "sample": (["-n", "3"], by_sample, OWN),
    "img2img": (["image.png", "-n", "3", "--strength", "0.7"], by_img2img, OWN),
    "inpaint": (
        ["image.png", "--mask", "mask.png", "-n", "3", "--resamples", "2", "--jump", "1"],
        by_inpaint,
        OWN,
    ),
    "interpolate": (["--seeds", "3", "8", "--frames", "3"], by_interpolate, OWN),
    "invert": (["image.png", "--refinements", "1"], by_invert, BACKWARDS),
}


@pytest.fixture(scope="module")
def image(root: Path) -> np.ndarray:
    """image.png and mask.png in the project; the image."""
    pixels = np.random.default_rng(0).integers(0, 256, MASK.shape, dtype=np.uint8)
    Image.fromarray(pixels).save(root / "image.png")
    Image.fromarray(np.where(MASK, 255, 0).astype(np.uint8)).save(root / "mask.png")
    return pixels[..., None]


def run(command: str, model: str, out: Path, *options: str) -> tuple[np.ndarray, str]:
    """The images, or the noise, that a command makes of ``dog``, and what it prints."""
    words = [command, model, *COMMANDS[command][0], "--out", str(out), "-p", "dog", "-q", *options]
    result = CliRunner().invoke(app, words, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    if command == "invert":
        return np.load(out / "noise.npy"), result.stdout
    paths = sorted((out / "images").glob("*.png"))
    return np.stack([np.asarray(Image.open(path))[..., None] for path in paths]), result.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_is_the_function_with_the_model_s_own_settings_and_guide(
    root: Path, image: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.chdir(root)
    _, call, settings = COMMANDS[command]
    found, said = run(command, "animals@champion", tmp_path / "own")
    sampler = load_sampler(root / "strong", settings, root / "weak")
    assert np.array_equal(found, call(sampler, image))
    for key in ("steps", "guidance", "guide"):
        usual = SamplingSpec().model_dump()[key]
        values = settings.model_dump() | {key: usual if key != "steps" else 4}
        other = SamplingSpec.model_validate(values)
        guide = root / "weak" if other.guide == "weaker" else None
        assert not np.array_equal(found, call(load_sampler(root / "strong", other, guide), image))
    assert "3 steps" in said
    assert "guidance 3, guide weaker" in said
    assert "the model's own settings" in said


@pytest.mark.parametrize("command", COMMANDS)
def test_an_option_takes_the_place_of_one_own_setting(
    root: Path, image: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.chdir(root)
    _, call, settings = COMMANDS[command]
    found, said = run(command, "animals@champion", tmp_path / "other", "--steps", "4")
    sampling = settings.model_copy(update={"steps": 4})
    assert np.array_equal(
        found, call(load_sampler(root / "strong", sampling, root / "weak"), image)
    )
    assert "own settings but for" in said
    assert "steps" in said.split("but for")[1]


def chosen(root: Path, manner: Any, **asked: Any) -> SamplingSpec:
    return choose(manner, Request("animals@champion", **asked), Workspace.here(root=root)).sampling


def test_a_model_that_is_told_nothing_is_guided_by_a_weaker_model_only(root: Path) -> None:
    assert chosen(root, IMG2IMG).guidance == 3
    alone = chosen(root, IMG2IMG, options={"guide": "unconditional"})
    assert (alone.guidance, alone.guide) == (1, "unconditional")
    told = chosen(root, IMG2IMG, options={"guide": "unconditional"}, prompts=["dog"])
    assert told.guidance == 3
    untrained = choose(INPAINT, Request(str(root / "strong")), Workspace.here(root=root))
    assert (untrained.sampling.solver, untrained.sampling.guidance) == ("ddpm", 1)


def test_inversion_runs_ddim_backwards_whatever_the_model_is_sampled_with(
    root: Path, image: np.ndarray
) -> None:
    assert chosen(root, INVERT, prompts=["dog"]) == BACKWARDS
    by_hand = chosen(root, INVERT, options={"solver": "heun"}, prompts=["dog"])
    assert by_hand == OWN
    with pytest.raises(AlphabarError, match="cannot be run backwards"):
        by_invert(load_sampler(root / "strong", by_hand, root / "weak"), image)
