"""The transformer begins as DiT does, and says which sizes it cannot cut."""

import pytest
import torch
from diffusers import DiTTransformer2DModel, PixArtTransformer2DModel
from diffusers.models.attention_processor import Attention, AttnProcessor2_0

from components.errors import AlphabarError
from components.spec.catalogue import DENOISERS
from components.spec.loading import parse_experiment
from components.spec.sections.network import NetworkSpec
from tests.networks.denoisers.test_denoisers import CAPTIONS, made, noise, predicted

TOLD = pytest.mark.parametrize("encoder", ["none", "class", "minilm"])


@TOLD
def test_it_predicts_nothing_at_first_and_every_block_is_the_identity(encoder: str) -> None:
    model = made("transformer", encoder)
    rows = model.conditioner.encode([0, 1], CAPTIONS)
    seen: list[tuple[torch.Tensor, torch.Tensor]] = []
    for block in model.network.transformer.transformer_blocks:
        block.register_forward_hook(lambda block, given, made: seen.append((given[0], made)))
    assert not predicted(model.network.eval(), rows).any()
    assert len(seen) == 2
    for before, after in seen:
        assert before.abs().max() > 0.1
        assert torch.equal(before, after)


@TOLD
def test_every_weight_learns_within_three_steps(encoder: str) -> None:
    model = made("transformer", encoder)
    start = {name: weights.clone() for name, weights in model.network.named_parameters()}
    optimizer = torch.optim.AdamW(model.network.parameters(), lr=1e-2, weight_decay=0.0)
    rows = model.conditioner.encode([0, 1], CAPTIONS)
    for step in range(4):
        time = torch.tensor([100.0 + step, 900.0])
        loss = (model.network(noise(), time, **rows) - 1 - noise()).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    still = [name for name, w in model.network.named_parameters() if torch.equal(w, start[name])]
    assert not still


def test_a_class_makes_it_a_dit_and_all_else_a_pixart() -> None:
    kinds = {name: type(made("transformer", name).network.transformer) for name in
             ("none", "class", "minilm")}  # fmt: skip
    assert kinds == {
        "none": PixArtTransformer2DModel,
        "class": DiTTransformer2DModel,
        "minilm": PixArtTransformer2DModel,
    }


def test_a_class_is_dropped_by_the_loss_alone() -> None:
    model = made("transformer", "class")
    with torch.no_grad():
        for weights in model.network.parameters():
            weights.add_(0.1)
    model.network.train()
    rows = model.conditioner.encode([0, 1], CAPTIONS)
    first = predicted(model.network, rows)
    assert all(torch.equal(predicted(model.network, rows), first) for _ in range(40))


@TOLD
def test_attention_is_torchs_scaled_dot_product(encoder: str) -> None:
    layers = [m for m in made("transformer", encoder).network.modules() if isinstance(m, Attention)]
    assert {type(layer.processor) for layer in layers} == {AttnProcessor2_0}
    assert {(layer.heads, layer.to_q.out_features) for layer in layers} == {(2, 16)}


@pytest.mark.parametrize("size", [64, 128, 256])
def test_places_are_counted_in_patches_at_every_size(size: int) -> None:
    from components.networks.conditioners import Given, build_conditioner
    from components.networks.denoisers import build_network
    from components.spec.sections.network import ConditioningSpec

    told = build_conditioner(ConditioningSpec(encoder="none").model_dump(), Given())
    values = NetworkSpec(kind="transformer", patch=size // 8, depth=1, width=16, heads=2)
    network = build_network(values.model_dump(), (3, size, size), told, seed=0)
    with torch.inference_mode():
        assert network(torch.zeros(1, 3, size, size), torch.ones(1)).shape == (1, 3, size, size)
    small = build_network(
        values.model_copy(update={"patch": 1}).model_dump(), (3, 8, 8), told, seed=0
    )
    assert torch.equal(
        network.transformer.pos_embed.pos_embed, small.transformer.pos_embed.pos_embed
    )


def test_the_entry_says_what_does_not_fit() -> None:
    entry = DENOISERS["transformer"]
    values = NetworkSpec(kind="transformer", patch=4).model_dump()
    assert entry.unfit(values, 12) is None
    assert "cannot be cut into patches of `network.patch: 4`" in str(entry.unfit(values, 10))
    odd = NetworkSpec(kind="transformer", heads=5).model_dump()
    assert "`network.heads: 5` does not divide `network.width: 384`" in str(
        entry.unsound(odd, True)
    )


@pytest.mark.parametrize(
    ("network", "codec", "why"),
    [
        ({"patch": 3}, {}, "`data.size: 16` cannot be cut into patches of `network.patch: 3`"),
        (
            {"patch": 8},
            {"kind": "autoencoder", "downsample": 4},
            "`data.size: 16`, which codec `autoencoder` makes 4 times smaller, cannot be cut",
        ),
        ({"heads": 5}, {}, "`network.heads: 5` does not divide `network.width: 384`"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_before_anything_runs(
    network: dict[str, int], codec: dict[str, object], why: str
) -> None:
    values = {
        "name": "x",
        "data": {"source": "digits", "size": 16},
        "network": {"kind": "transformer", **network},
        "codec": codec,
    }
    with pytest.raises(AlphabarError) as refusal:
        parse_experiment(values, "FILE")
    assert why in refusal.value.what
