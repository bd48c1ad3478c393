"""The UNet attends where it is asked to, with heads as wide as asked, and hears whole captions."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers.models.attention_processor import Attention, AttnProcessor2_0

from components.networks.conditioners import Given, build_conditioner
from components.networks.conditioners.rows import POOLED, TIME_IDS
from components.networks.denoisers.unet import unet
from components.spec.catalogue import DENOISERS
from components.spec.sections.network import ConditioningSpec, NetworkSpec
from tests.networks.denoisers.test_denoisers import made
from tests.tiny_pipelines import write_flux, write_sd3


def attention(encoder: str, **network: Any) -> dict[str, list[Attention]]:
    """The self-attention of each part of the UNet."""
    unet = made("unet", encoder, **network).network.unet
    parts = {"middle": unet.mid_block}
    for name, blocks in (("down", unet.down_blocks), ("up", reversed(unet.up_blocks))):
        parts |= {f"{name}{number}": block for number, block in enumerate(blocks)}
    return {
        name: [
            layer
            for path, layer in part.named_modules()
            if isinstance(layer, Attention) and not path.endswith("attn2")
        ]
        for name, part in parts.items()
    }


@pytest.mark.parametrize("encoder", ["none", "class", "minilm"])
@pytest.mark.parametrize(
    ("asked", "per_layer"),
    [(None, (0, 1)), ([False, True], (0, 1)), ([True, False], (1, 0)), ([1, 1], (1, 1))],
)
def test_each_resolution_attends_as_asked_and_the_middle_always(
    encoder: str, asked: list[bool] | None, per_layer: tuple[int, int]
) -> None:
    found = {name: len(layers) for name, layers in attention(encoder, attention=asked).items()}
    fine, coarse = per_layer  # one residual layer a resolution on the way down, two on the way up
    assert found == {
        "down0": fine, "down1": coarse, "middle": 1, "up0": 2 * fine, "up1": 2 * coarse
    }  # fmt: skip


@pytest.mark.parametrize("encoder", ["class", "minilm"])
@pytest.mark.parametrize(("asked", "heads"), [(None, {8: 1, 16: 2}), (4, {8: 2, 16: 4})])
def test_a_head_has_as_many_channels_at_every_resolution(
    encoder: str, asked: int | None, heads: dict[int, int]
) -> None:
    layers = attention(encoder, attention=[1, 1], head_channels=asked)
    for each in (layer for part in layers.values() for layer in part):
        assert each.heads == heads[each.to_q.in_features]


def test_captions_may_have_several_layers_of_attention() -> None:
    found = {name: len(layers) for name, layers in attention("minilm", attention=[0, 3]).items()}
    assert found == {"down0": 0, "down1": 3, "middle": 3, "up0": 0, "up1": 6}


def test_attention_is_torchs_scaled_dot_product() -> None:
    for encoder in ("class", "minilm"):
        layers = [layer for part in attention(encoder).values() for layer in part]
        assert {type(layer.processor) for layer in layers} == {AttnProcessor2_0}


@pytest.mark.parametrize(
    ("network", "captions", "why"),
    [
        ({"attention": [1]}, True, "`network.attention` has 1 entries, and `network.channels` 2"),
        ({"attention": [0, 2]}, False, "more than one is for conditions that are captions"),
        ({"head_channels": 7}, True, "`network.head_channels: 7` does not divide 64 channels"),
        (
            {"channels": [40, 64], "attention": [1, 1], "head_channels": 16},
            True,
            "`network.head_channels: 16` does not divide 40 channels",
        ),
    ],
)
def test_keys_that_do_not_fit_together_are_named(
    network: dict[str, Any], captions: bool, why: str
) -> None:
    values = NetworkSpec(**network).model_dump()
    assert why in str(DENOISERS["unet"].unsound(values, captions))
    assert DENOISERS["unet"].unsound(NetworkSpec().model_dump(), captions) is None


def test_the_entry_says_which_sizes_cannot_be_halved() -> None:
    values = NetworkSpec(channels=[8, 8, 8]).model_dump()
    assert DENOISERS["unet"].unfit(values, 12) is None
    assert "cannot be halved 2 times" in str(DENOISERS["unet"].unfit(values, 10))


@pytest.mark.parametrize("write", [write_sd3, write_flux])
def test_it_hears_the_whole_caption_of_encoders_that_have_no_sizes(
    tmp_path: Path, write: Callable[[Path], Path]
) -> None:
    section = ConditioningSpec(encoder=f"pipeline:{write(tmp_path / 'pipeline')}")
    conditioner = build_conditioner(section.model_dump(mode="json"), Given(size=16))
    network = unet((2, 8, 8), conditioner, seed=0, channels=[8, 16], layers_per_block=1, dropout=0)
    rows = conditioner.encode([-1], ["a red heart"])
    assert POOLED in rows
    assert TIME_IDS not in rows
    x, timestep = torch.randn(1, 2, 8, 8), torch.tensor([500.0])
    told = network(x, timestep, **rows)
    rows[POOLED] = -rows[POOLED]
    assert not torch.equal(network(x, timestep, **rows), told)
