"""Editing with a model that was really trained: the images that it gives back, and its refusals."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from components.data.arrays import Split, load_split
from components.errors import AlphabarError
from components.generation import batch_size, batches
from components.generation.batches import from_images, to_images
from components.generation.denoising import no_condition
from components.generation.editing.image_to_image import resample_images
from components.generation.editing.inpainting import inpaint_images
from components.generation.editing.interpolation import interpolate_seeds
from components.generation.editing.inversion import invert_images
from components.generation.generate import generate
from components.generation.prompts import Prompts
from components.generation.sampler import Sampler
from components.networks.checkpoint import Checkpoint, new_checkpoint
from components.sampling.inpainting import visits
from components.spec.sections.sampling import SamplingSpec
from tests.model_config import DIGITS, model_config

COUNT = 8


@pytest.fixture(scope="module")
def holdout(digits: Path) -> Split:
    return load_split(digits, "holdout")


def asked(classes: list[int]) -> Prompts:
    return Prompts.of(classes, [""] * len(classes))


def psnr(images: np.ndarray, others: np.ndarray) -> float:
    """Of the worst pair, dB."""
    error = np.square(images.astype(float) - others).mean((1, 2, 3)).max()
    return 10 * math.log10(255**2 / error) if error else math.inf


def invert(model: Checkpoint, holdout: Split, refinements: int, **settings: object) -> float:
    """PSNR of images that the model has not seen, by its own condition."""
    images, classes = holdout.images[:4], holdout.classes[:4].tolist()
    sampling = SamplingSpec(**({"steps": 100} | settings))  # type: ignore[arg-type]
    sampler = Sampler(model, sampling)
    found = invert_images(sampler, asked(classes), images, refinements=refinements)
    assert found.noise.shape == (4, 1, 8, 8)
    assert found.noise.dtype == np.float32
    assert found.again.network_evaluations == 100 * (2 + refinements)
    return psnr(found.again.images, images)


def test_inversion_followed_by_sampling_returns_the_image(
    digits_model: Checkpoint, holdout: Split
) -> None:
    plain, refined = (invert(digits_model, holdout, n) for n in (0, 3))
    assert refined > 35
    assert refined > plain + 10


def test_the_inverted_noise_looks_like_noise_and_draws_the_image_under_generate(
    digits_model: Checkpoint, holdout: Split, monkeypatch: pytest.MonkeyPatch
) -> None:
    images, classes = holdout.images[:COUNT], holdout.classes[:COUNT].tolist()
    sampling = SamplingSpec(steps=50, clip=False)
    sampler = Sampler(digits_model, sampling)
    found = invert_images(sampler, asked(classes), images)
    assert abs(float(found.noise.mean())) < 0.2
    assert float(found.noise.std()) == pytest.approx(1, abs=0.2)
    start = torch.from_numpy(found.noise)
    monkeypatch.setattr(batches, "seeded_noise", lambda seeds, shape, device: lambda key: start)
    sampled = generate(sampler, asked(classes))
    assert psnr(sampled.images, images) > 35


def test_pixels_survive_the_way_to_the_network_and_back(digits_model: Checkpoint) -> None:
    images = np.arange(256, dtype=np.uint8).reshape(4, 8, 8, 1)
    values = from_images(images, digits_model)
    assert (float(values.min()), float(values.max())) == (-1, 1)
    assert np.array_equal(to_images(values, digits_model), images)


@pytest.mark.parametrize("solver", ["ddim", "ddpm"])
def test_a_walk_begins_and_ends_at_the_images_of_its_seeds(
    digits_model: Checkpoint, solver: str
) -> None:
    sampling = SamplingSpec(steps=10, solver=solver, guidance=2.0)  # type: ignore[arg-type]
    walk = interpolate_seeds(Sampler(digits_model, sampling), asked([7] * 5), (3, 8), 5)
    assert walk.images.shape == (5, 8, 8, 1)
    assert walk.network_evaluations == 20
    for frame, seed in ((0, 3), (-1, 8)):
        own = Sampler(digits_model, sampling.model_copy(update={"seed": seed}))
        alone = generate(own, asked([7])).images[0]
        # a convolution's sums are ordered by batch size; a pixel may round the other way
        assert np.abs(walk.images[frame].astype(int) - alone.astype(int)).max() <= 1
    assert len({frame.tobytes() for frame in walk.images}) == 5


def resample(model: Checkpoint, holdout: Split, strength: float, **settings: object) -> np.ndarray:
    classes = holdout.classes[:COUNT].tolist()
    sampling = SamplingSpec(**({"steps": 20} | settings))  # type: ignore[arg-type]
    images = holdout.images[:COUNT]
    return resample_images(
        Sampler(model, sampling), asked(classes), images, strength=strength
    ).images


def test_the_stronger_the_less_of_the_image_is_left(
    digits_model: Checkpoint, holdout: Split
) -> None:
    images = holdout.images[:COUNT].astype(float)
    distances = [
        np.square(resample(digits_model, holdout, strength) - images).mean()
        for strength in (0.1, 0.3, 0.6, 1.0)
    ]
    assert distances == sorted(distances)
    assert 0 < 5 * distances[0] < distances[-1]


@pytest.mark.parametrize("solver", ["heun", "dpmpp_2m", "euler_ancestral", "rk45"])
def test_image_to_image_takes_any_solver(
    digits_model: Checkpoint, holdout: Split, solver: str
) -> None:
    near, far = (resample(digits_model, holdout, s, solver=solver) for s in (0.1, 0.7))
    images = holdout.images[:COUNT].astype(float)
    assert np.square(near - images).mean() < np.square(far - images).mean() / 3


def fill(
    model: Checkpoint,
    images: np.ndarray,
    classes: list[int] | None,
    resamples: int = 3,
    **settings: object,
) -> tuple[np.ndarray, float]:
    """The lower halves sampled anew, and the network evaluations of each."""
    known = np.zeros((8, 8), dtype=bool)
    known[:4] = True
    sampling = SamplingSpec(**({"steps": 12, "solver": "ddpm"} | settings))  # type: ignore[arg-type]
    prompts = asked(classes) if classes else None
    sampled = inpaint_images(
        Sampler(model, sampling), prompts, images, known, resamples=resamples, jump=3
    )
    return sampled.images, sampled.network_evaluations


def fill_some(model: Checkpoint, holdout: Split, **settings: object) -> tuple[np.ndarray, float]:
    return fill(model, holdout.images[:COUNT], holdout.classes[:COUNT].tolist(), **settings)


@pytest.mark.parametrize("solver", ["ddpm", "ddim", "heun", "dpmpp_2m", "consistency"])
def test_what_is_kept_is_kept_to_the_bit(
    digits_model: Checkpoint, holdout: Split, solver: str
) -> None:
    images, evaluations = fill_some(digits_model, holdout, solver=solver)
    assert np.array_equal(images[:, :4], holdout.images[:COUNT, :4])
    assert not np.array_equal(images[:, 4:], holdout.images[:COUNT, 4:])
    if solver in ("ddpm", "ddim"):
        assert evaluations == visits(12, 3, 3)


def test_resampling_makes_what_is_drawn_go_with_what_is_kept(
    digits_model: Checkpoint, holdout: Split
) -> None:
    # told nothing, the model must see by the upper half which digit it is: what it draws lies
    # closer to the rest of that image than to the rest of the others
    images = holdout.images[:40]
    own = images[:, 4:].astype(float)

    def likeness(resamples: int) -> float:
        filled, _ = fill(digits_model, images, None, resamples, steps=20)
        lower = filled[:, 4:]
        others = np.mean([np.square(lower - np.roll(own, k, axis=0)).mean() for k in range(1, 40)])
        return float(np.square(lower - own).mean() / others)

    assert likeness(8) < min(0.85, likeness(1) - 0.05)


def test_churn_is_noise_over_the_whole_run_of_inpainting(
    digits_model: Checkpoint, holdout: Split
) -> None:
    # a step's share is at most √2 − 1 (Karras 2022, algorithm 2): 4.97 of 12 steps
    little, most, more = (
        fill_some(digits_model, holdout, solver="euler", churn=churn)[0]
        for churn in (1.0, 5.0, 50.0)
    )
    assert np.array_equal(most, more)
    assert not np.array_equal(little, most)


@pytest.mark.parametrize("what", ["invert", "resample", "fill"])
def test_a_result_does_not_depend_on_the_batch(
    digits_model: Checkpoint, holdout: Split, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run() -> np.ndarray:
        if what == "resample":
            return resample(digits_model, holdout, 0.6, solver="ddpm")
        if what == "fill":
            return fill_some(digits_model, holdout)[0]
        sampler = Sampler(digits_model, SamplingSpec(steps=10))
        found = invert_images(sampler, asked([0] * COUNT), holdout.images[:COUNT])
        return np.clip(np.rint(found.noise * 40 + 128), 0, 255).astype(np.uint8)

    whole = run()
    monkeypatch.setattr(batch_size, "BATCH", 3)
    parts = run()
    assert np.abs(whole.astype(int) - parts.astype(int)).max() <= 2
    assert (whole == parts).mean() > 0.97


def test_progress_ends_at_its_total(digits_model: Checkpoint, holdout: Split) -> None:
    seen: list[tuple[int, int]] = []

    def progress(done: int, total: int, note: str = "") -> None:
        seen.append((done, total))

    sampler, images = Sampler(digits_model, SamplingSpec(steps=4)), holdout.images[:2]
    prompts = asked([0, 1])
    invert_images(sampler, prompts, images, refinements=1, progress=progress)
    assert seen[-1] == (24, 24)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    resample_images(sampler, prompts, images, strength=0.5, progress=progress)
    assert seen[-1] == (4, 4)
    known = np.eye(8, dtype=bool)
    inpaint_images(sampler, prompts, images, known, resamples=2, jump=1, progress=progress)
    assert seen[-1] == (2 * visits(4, 2, 1),) * 2
    interpolate_seeds(sampler, prompts, (0, 1), 2, progress=progress)
    assert seen[-1] == (8, 8)


def test_inversion_takes_clipping_as_off(digits_model: Checkpoint, holdout: Split) -> None:
    samplers = [Sampler(digits_model, SamplingSpec(steps=10, clip=c)) for c in (False, True)]
    noises = [invert_images(s, asked([0] * 4), holdout.images[:4]).noise for s in samplers]
    assert np.array_equal(noises[0], noises[1])


def test_what_cannot_be_run_backwards_is_refused(digits_model: Checkpoint, holdout: Split) -> None:
    for settings in ({"solver": "ddpm"}, {"eta": 0.5}):
        with pytest.raises(AlphabarError, match="cannot be run backwards"):
            invert(digits_model, holdout, 0, **settings)


def test_less_than_a_step_of_strength_is_refused(digits_model: Checkpoint, holdout: Split) -> None:
    with pytest.raises(AlphabarError, match=r"0\.04 is less than one of 20 steps") as refusal:
        resample(digits_model, holdout, 0.04)
    assert "at least 0.05" in refusal.value.remedy


def test_images_and_masks_that_do_not_fit_are_refused(
    digits_model: Checkpoint, holdout: Split
) -> None:
    sampler, prompts = Sampler(digits_model, SamplingSpec(steps=4)), asked([0])
    small, image = np.zeros((1, 4, 4, 1), dtype=np.uint8), holdout.images[:1]
    for edit in (
        lambda: invert_images(sampler, prompts, small),
        lambda: resample_images(sampler, prompts, small, strength=0.5),
        lambda: inpaint_images(sampler, prompts, small, np.eye(4, dtype=bool)),
    ):
        with pytest.raises(AlphabarError, match=r"images of shape \(4, 4, 1\)"):
            edit()
    with pytest.raises(AlphabarError, match="the mask is 4 x 4 pixels, the image 8 x 8"):
        inpaint_images(sampler, prompts, image, np.eye(4, dtype=bool))
    with pytest.raises(AlphabarError, match="leaves nothing to draw"):
        inpaint_images(sampler, prompts, image, np.ones((8, 8), dtype=bool))


def test_a_model_that_always_had_a_condition_must_be_told_one(digits_model: Checkpoint) -> None:
    sampler = Sampler(digits_model, SamplingSpec())
    assert no_condition(sampler, 2).strong["class_labels"].tolist() == [10, 10]
    always = new_checkpoint(model_config(classes=DIGITS, dropout=0.0), 0)
    with pytest.raises(AlphabarError, match="never trained without a condition"):
        no_condition(Sampler(always, SamplingSpec()), 2)
    guided = Sampler(digits_model, SamplingSpec(guide="weaker"), always)
    with pytest.raises(AlphabarError, match="never trained without a condition"):
        no_condition(guided, 2)
