"""Laws of every registered denoiser, whatever it is told."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from components.networks.checkpoint import (
    Checkpoint,
    load_checkpoint,
    new_checkpoint,
    save_checkpoint,
)
from components.networks.conditioners import CONDITIONERS
from components.networks.conditioners.rows import MASK, POOLED, STATES, TIME_IDS, padded
from components.networks.denoisers import DENOISERS
from components.spec.catalogue import CONDITIONERS as CATALOGUE
from components.spec.catalogue import DENOISERS as KINDS
from components.spec.sections.network import NetworkConfig, NetworkSpec
from tests.model_config import model_config

SMALL = {
    "channels": [8, 16],
    "layers_per_block": 1,
    "patch": 4,
    "depth": 2,
    "width": 16,
    "heads": 2,
}
"""What any kind reads, at its smallest."""

pytestmark = pytest.mark.usefixtures("among_encoders")
OWN = [name for name in DENOISERS if not KINDS[name].foreign]
EVERY = pytest.mark.parametrize("kind", OWN)
TOLD = pytest.mark.parametrize("encoder", CONDITIONERS)
CAPTIONS = ["a red heart", "a cat that sits"]


def made(kind: str, encoder: str, seed: int = 0, **network: Any) -> Checkpoint:
    """A model of 8 × 8 grey images and two classes, untrained."""
    config = model_config(encoder, classes=("a", "b"))
    values = NetworkConfig(kind=kind, **{**SMALL, **network}).settled()
    return new_checkpoint(config.model_copy(update={"network": values}), seed)


def shaken(kind: str, encoder: str, **network: Any) -> Checkpoint:
    """The same as if it had been trained: no weight is zero."""
    model = made(kind, encoder, **network)
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for weights in model.network.parameters():
            weights.add_(torch.randn(weights.shape, generator=generator), alpha=0.1)
    model.network.eval()
    return model


def noise(count: int = 2) -> Tensor:
    return torch.randn(count, 1, 8, 8, generator=torch.Generator().manual_seed(0))


@torch.inference_mode()
def predicted(network: nn.Module, rows: dict[str, Tensor], time: float = 500.0) -> Tensor:
    x = noise()
    found: Tensor = network(x, torch.full((len(x),), time), **rows)
    return found


@EVERY
@TOLD
def test_a_prediction_has_the_shape_of_what_is_denoised_and_hears_what_it_is_told(
    kind: str, encoder: str
) -> None:
    model = shaken(kind, encoder)
    told = predicted(model.network, model.conditioner.encode([0, 1], CAPTIONS))
    assert told.shape == noise().shape
    absent = predicted(model.network, model.conditioner.null(2))
    assert torch.equal(told, absent) != CATALOGUE[encoder].conditional


@EVERY
@TOLD
def test_the_time_and_the_image_matter(kind: str, encoder: str) -> None:
    model = shaken(kind, encoder)
    rows = model.conditioner.null(2)
    found = predicted(model.network, rows)
    assert (found - predicted(model.network, rows, time=20.0)).abs().max() > 1e-4
    assert (found[0] - found[1]).abs().max() > 1e-4


@EVERY
def test_what_a_mask_hides_does_not_matter(kind: str) -> None:
    model = shaken(kind, "minilm")
    rows = model.conditioner.encode([0, 0], CAPTIONS)
    length = rows[STATES].shape[1]
    more = padded(rows, length + 3)
    more[STATES][:, length:] = 100.0
    assert (more[MASK][:, length:] == 0).all()
    found, hidden = (predicted(model.network, each) for each in (rows, more))
    torch.testing.assert_close(hidden, found, rtol=0, atol=1e-5)


@EVERY
@TOLD
def test_a_seed_gives_the_same_bytes_and_the_global_generator_is_left_alone(
    tmp_path: Path, kind: str, encoder: str
) -> None:
    before = torch.get_rng_state()
    content = []
    for number, seed in enumerate((5, 5, 6)):
        folder = tmp_path / str(number)
        folder.mkdir()
        model = made(kind, encoder, seed)
        save_checkpoint(folder, model.config, model.network)
        content.append((folder / "model.safetensors").read_bytes())
        torch.manual_seed(number)  # what diffusers would draw from
        torch.set_rng_state(before)
    assert content[0] == content[1] != content[2]


@EVERY
@TOLD
def test_a_loaded_model_predicts_what_the_saved_one_did(
    tmp_path: Path, kind: str, encoder: str
) -> None:
    model = shaken(kind, encoder)
    save_checkpoint(tmp_path, model.config, model.network)
    loaded = load_checkpoint(tmp_path)
    assert loaded.config == model.config
    rows = model.conditioner.encode([0, 1], CAPTIONS)
    assert torch.equal(predicted(loaded.network, rows), predicted(model.network, rows))


@pytest.mark.parametrize("kind", [name for name in OWN if DENOISERS[name].exported])
@TOLD
def test_diffusers_own_class_computes_the_same(tmp_path: Path, kind: str, encoder: str) -> None:
    model = shaken(kind, encoder, dropout=0.1)
    exported = DENOISERS[kind].exported
    assert exported is not None
    theirs = exported(model.network)
    theirs.save_pretrained(tmp_path)
    assert type(theirs).__module__.startswith("diffusers.")
    again = type(theirs).from_pretrained(tmp_path).eval()
    rows = model.conditioner.encode([0, 1], CAPTIONS)
    with torch.inference_mode():
        found = again(noise(), timestep=torch.full((2,), 500.0), **as_theirs(again, rows)).sample
    torch.testing.assert_close(found, predicted(model.network, rows), rtol=0, atol=1e-5)


def as_theirs(network: Any, rows: dict[str, Tensor]) -> dict[str, Any]:
    """Rows as diffusers' pipelines give them; its transformer reads no vector of the whole."""
    whole = {name: row for name, row in rows.items() if name in (POOLED, TIME_IDS)}
    rest = {name: row for name, row in rows.items() if name not in whole}
    reads = network.config.get("addition_embed_type") is not None
    return {**rest, "added_cond_kwargs": whole} if reads else rest


@EVERY
def test_a_header_says_what_its_kind_reads_and_nothing_of_others(kind: str) -> None:
    said = NetworkConfig(kind=kind, attention=[1, 1], head_channels=8, **SMALL).model_dump(
        mode="json"
    )
    read = {"kind", *NetworkSpec.model_fields} - {"options"} - NetworkConfig(kind=kind).unread()
    assert set(said) == read
