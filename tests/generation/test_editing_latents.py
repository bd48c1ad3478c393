"""Editing where the process works on something else than pixels: in the codec's space."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, interpolate

from components.generation.editing.image_to_image import resample_images
from components.generation.editing.inpainting import inpaint_images
from components.generation.editing.interpolation import interpolate_seeds
from components.generation.editing.inversion import invert_images
from components.generation.generate import generate
from components.generation.prompts import Prompts
from components.generation.sampler import Sampler
from components.networks.checkpoint import new_checkpoint
from components.networks.codecs import Shape
from components.spec.sections.codec import CodecConfig
from components.spec.sections.sampling import SamplingSpec
from tests.model_config import model_config

PROMPTS = Prompts.of([0, 1], ["", ""])


@dataclass(frozen=True)
class Halves:
    """x0 has half the image's sides and is the mean of four pixels, twice as far from grey."""

    shape: Shape = (1, 4, 4)
    config: CodecConfig = CodecConfig()
    bounded: bool = False
    levels: int | None = None

    def encode(self, images: Tensor) -> Tensor:
        return 2 * avg_pool2d(images.float() / 127.5 - 1, 2)

    def decode(self, x0: Tensor) -> Tensor:
        pixels = ((x0.float() / 2 + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)
        return interpolate(pixels, scale_factor=2, mode="nearest")


@pytest.fixture(scope="module")
def sampler() -> Sampler:
    """Of a model of 8 x 8 images whose network sees 4 x 4 latents."""
    classes = ("cat", "dog")
    made = new_checkpoint(model_config(classes=classes, size=4, steps=100), 0)
    made.network.eval()
    config = model_config(classes=classes, size=8, steps=100)
    sampling = SamplingSpec(steps=4, solver="ddim", guidance=2.0)
    return Sampler(replace(made, config=config, codec=Halves()), sampling)


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (2, 8, 8, 1), dtype=np.uint8)


def blocks(images: np.ndarray) -> np.ndarray:
    """Whether each four pixels of a place are one: (n, 4, 4)."""
    four = images.reshape(len(images), 4, 2, 4, 2)
    return np.asarray((four == four[:, :, :1, :, :1]).all((2, 4)))


def test_images_come_out_of_the_codec_s_space(sampler: Sampler, images: np.ndarray) -> None:
    for found in (
        generate(sampler, PROMPTS).images,
        resample_images(sampler, PROMPTS, images, strength=0.5).images,
        interpolate_seeds(sampler, PROMPTS, (3, 8), 2).images,
    ):
        assert found.shape == (2, 8, 8, 1)
        assert blocks(found).all()
    found = invert_images(sampler, PROMPTS, images)
    assert found.noise.shape == (2, 1, 4, 4)
    assert found.again.images.shape == (2, 8, 8, 1)


def test_an_edit_begins_at_the_encoded_image(sampler: Sampler, images: np.ndarray) -> None:
    near, far = (
        resample_images(sampler, PROMPTS, images, strength=share).images for share in (0.25, 1.0)
    )
    codec = sampler.model.codec
    encoded = codec.decode(codec.encode(torch.from_numpy(images).permute(0, 3, 1, 2)))
    own = encoded.permute(0, 2, 3, 1).numpy().astype(float)
    assert np.square(near - own).mean() < np.square(far - own).mean()


def test_known_pixels_are_kept_and_a_place_is_known_where_all_its_pixels_are(
    sampler: Sampler, images: np.ndarray
) -> None:
    known = np.zeros((8, 8), dtype=bool)
    known[:3] = True  # the second row of places is half known
    found = inpaint_images(sampler, PROMPTS, images, known, resamples=2, jump=1).images
    assert np.array_equal(found[:, :3], images[:, :3])
    assert blocks(found)[:, 2:].all()
    wider = known.copy()
    wider[3] = True
    other = inpaint_images(sampler, PROMPTS, images, wider, resamples=2, jump=1).images
    assert not np.array_equal(found[:, 4:], other[:, 4:])
