"""Laws of every codec."""

from pathlib import Path

import pytest
import torch

from components.networks.codecs import CODECS, Codec, build_codec
from components.networks.codecs.autoencoder import config_of
from components.networks.codecs.autoencoder_files import write_autoencoder
from components.spec.catalogue import CODECS as CATALOGUE_CODECS
from components.spec.sections.codec import CodecConfig, CodecSpec
from components.training.autoencoder import new_autoencoder

IMAGE = (3, 8, 8)
EVERY = pytest.mark.parametrize("kind", CODECS)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of an untrained autoencoder."""
    made = tmp_path_factory.mktemp("autoencoder")
    spec = CodecSpec(kind="autoencoder", downsample=2, width=8)
    write_autoencoder(made, new_autoencoder(spec, IMAGE[0]))
    return made


def codec_of(kind: str, folder: Path) -> Codec:
    learnt = CATALOGUE_CODECS[kind].learnt
    config = config_of(folder, kind) if learnt else CodecConfig(kind=kind)
    return build_codec(config, IMAGE, folder)


def pictures(count: int = 4) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (count, *IMAGE), dtype=torch.uint8, generator=generator)


def test_the_code_has_exactly_the_listed_codecs() -> None:
    assert set(CODECS) == set(CATALOGUE_CODECS)


@EVERY
def test_what_is_encoded_has_the_shape_and_the_bounds_that_the_codec_says(
    kind: str, folder: Path
) -> None:
    codec = codec_of(kind, folder)
    x0 = codec.encode(pictures())
    assert x0.shape == (4, *codec.shape)
    assert x0.dtype == torch.float32
    assert codec.decode(x0).shape == (4, *IMAGE)
    assert codec.config.kind == kind
    entry = CATALOGUE_CODECS[kind]
    assert codec.shape[1] == IMAGE[1] / entry.downsample(codec.config.model_dump())
    if entry.levels is not None:
        values = torch.linspace(-1, 1, entry.levels)
        assert (x0.flatten()[:, None] - values).abs().min(1).values.max() < 1e-6
    if codec.bounded:
        assert x0.abs().max() <= 1


@EVERY
def test_any_finite_value_decodes_to_an_image(kind: str, folder: Path) -> None:
    codec = codec_of(kind, folder)
    far = 1e6 * torch.randn(2, *codec.shape, generator=torch.Generator().manual_seed(0))
    assert codec.decode((far / 1e3).half()).dtype == codec.decode(far).dtype == torch.uint8


def test_pixels_come_back_bit_for_bit() -> None:
    levels = torch.arange(256, dtype=torch.uint8).view(1, 1, 16, 16)
    codec = build_codec(CodecConfig(), (1, 16, 16))
    x0 = codec.encode(levels)
    assert torch.equal(codec.decode(x0), levels)
    assert torch.equal(codec.decode(x0 + 0.9 / 255), levels), "less than half a level is rounded"
    assert (x0.min(), x0.max()) == (-1, 1)
    torch.testing.assert_close(x0.flatten().diff(), torch.full((255,), 2 / 255))


def test_pixels_beyond_their_range_stay_black_and_white() -> None:
    codec = build_codec(CodecConfig(), (1, 1, 2))
    assert codec.decode(torch.tensor([[[[-3.0, 7.0]]]])).flatten().tolist() == [0, 255]
