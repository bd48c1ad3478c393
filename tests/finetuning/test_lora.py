"""Low-rank changes are trained alone, kept alone, and are what the network then computes."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from pydantic import ValidationError
from safetensors import safe_open

from components.errors import AlphabarError
from components.finetuning.finetune import finetune
from components.finetuning.lora import shapes_of
from components.generation.sample import sample
from components.networks.adapters import load_adapted
from components.networks.adapters.lora_file import read_lora
from components.networks.adapters.low_rank import layers_of
from components.networks.adapters.parts import parts_of
from components.networks.checkpoint import load_checkpoint
from components.runtime import Runtime
from components.spec.catalogue.lora import LoraSettings, TargetRank
from components.spec.chosen_layers import chosen_layers
from components.spec.loading import parse_experiment
from components.spec.plan import TunedModel, plan_baselines, plan_finetune
from components.spec.sections.finetuning import FinetuneSpec
from components.spec.tunings import tunings
from tests.finetuning.test_finetune import baseline


def planned(shrunk: dict[str, Any], **settings: Any) -> TunedModel:
    section = {"kind": "lora", "style": "bold", "steps": 6, "batch_size": 16, "lr": 1e-2}
    values = shrunk | {"finetune": section | settings, "sweep": {}}
    plan = plan_baselines(parse_experiment(values, "test"), lambda _: "f2")
    return plan_finetune(plan, plan.cells[0]).chosen


def trained(plan: TunedModel, root: Path, data: Path) -> tuple[Path, Path]:
    """The fine-tune's folder and its base's."""
    base, out = baseline(root / "model"), root / "tuned"
    out.mkdir()
    inputs = {"model": base, "data": data}
    finetune(plan.finetune.settings, inputs, out, Runtime(accelerator="cpu"))
    return out, base


@pytest.mark.parametrize(
    "settings",
    [
        {"rank": 4, "evaluate_every": 3},
        {"rank": 2, "alpha": 8, "rslora": True, "targets": ["to_q", "conv1"]},
        {"rank": 2, "dora": True, "dropout": 0.1},
        {"targets": {"to_q": {"rank": 8, "alpha": 2}, "conv2": {"rank": 3}}},
    ],
)
def test_the_changes_alone_are_trained_and_kept_and_drawn_with(
    shrunk: dict[str, Any], tmp_path: Path, digits: Path, settings: dict[str, Any]
) -> None:
    plan = planned(shrunk, **settings)
    out, base = trained(plan, tmp_path, digits)
    assert not (out / "model.safetensors").exists()
    before, adapted = (load_checkpoint(base), load_adapted(out, base))
    parts = parts_of(before)
    lora = read_lora(out / "adapter.safetensors", parts)
    assert any(bool(change.up.any()) for change in lora.values()), "nothing was learnt"
    found = adapted.network.state_dict()
    for name, weight in before.network.state_dict().items():
        layer = name.removesuffix(".weight")
        if layer in lora and name.endswith(".weight"):
            assert torch.equal(found[name], lora[layer].changed(weight))
        else:
            assert torch.equal(found[name], weight)
    figures = json.loads((out / "metrics.json").read_text())
    stored = sum(
        tensor.numel()
        for change in lora.values()
        for tensor in (change.down, change.up, change.magnitude)
        if tensor is not None
    )
    assert figures["trained_parameters"] == stored
    none = load_adapted(out, base, strength=0.0).network.state_dict()
    if not settings.get("dora"):
        assert all(torch.equal(none[n], w) for n, w in before.network.state_dict().items())
    (tmp_path / "sampled").mkdir()
    inputs = {"model": out, "base": base, "data": digits}
    runtime = Runtime(accelerator="cpu")
    sample(plan.sample.settings | {"samples": 4}, inputs, tmp_path / "sampled", runtime)
    assert (tmp_path / "sampled" / "images.npy").is_file()


def test_ranks_and_alphas_are_those_of_the_file(
    shrunk: dict[str, Any], tmp_path: Path, digits: Path
) -> None:
    settings = {"targets": {"to_q": {"rank": 8, "alpha": 2}, "conv2": {"rank": 3}}}
    plan = planned(shrunk, **settings)
    assert len(plan.finetune.key) == 64, "a stage has a key, which takes plain values"
    out, base = trained(plan, tmp_path, digits)
    lora = read_lora(out / "adapter.safetensors", parts_of(load_checkpoint(base)))
    found = {(name.rpartition(".")[2], each.rank, each.alpha) for name, each in lora.items()}
    assert found == {("to_q", 8, 2.0), ("conv2", 3, 3.0)}
    with safe_open(out / "adapter.safetensors", framework="np") as file:
        said = json.loads(file.metadata()["lora_adapter_metadata"])
    assert said["unet.use_dora"] is False


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (LoraSettings(targets=["to_w"]), "`finetune.targets: to_w` names no layer"),
        (LoraSettings(targets=["feed_forward"]), "`finetune.targets: feed_forward` names no layer"),
        (LoraSettings(rank=17), r"`finetune.rank: 17` is above the width of unet\..*, which is 16"),
        (
            LoraSettings(targets={"attention": TargetRank(rank=64)}),
            "`finetune.rank: 64` is above the width",
        ),
    ],
)
def test_targets_without_a_layer_and_ranks_above_the_width_are_refused(
    tmp_path: Path, settings: LoraSettings, message: str
) -> None:
    layers = layers_of(parts_of(load_checkpoint(baseline(tmp_path / "model"))))
    with pytest.raises(AlphabarError, match=message):
        chosen_layers(shapes_of(layers), settings)


def test_lists_of_targets_can_be_swept() -> None:
    section = {"kind": "lora", "style": "bold"}
    values = {"name": "swept", "data": {"source": "digits"}, "finetune": section}
    several = {"finetune.targets": [["to_q", "to_v"], "attention"]}
    found = tunings(parse_experiment(values | {"sweep": several}, "test"))
    assert [each.spec.settings["targets"] for each in found] == [["to_q", "to_v"], ["attention"]]
    assert [each.name for each in found] == ["targets=to_q + to_v", "targets=attention"]


@pytest.mark.parametrize(
    ("one", "other"),
    [("attention", "to_q"), ("to_q", "attn1.to_q"), ("ff.net.2", "feed_forward")],
)
def test_a_layer_of_two_ranks_is_refused(one: str, other: str) -> None:
    with pytest.raises(ValidationError, match=f"two ranks, by {one} and by {other}"):
        LoraSettings(targets={one: TargetRank(rank=4), other: TargetRank(rank=2)})
    LoraSettings(targets={"attn1.to_q": TargetRank(rank=4), "attn2.to_q": TargetRank(rank=2)})


def test_images_to_compare_are_of_the_baselines_seeds() -> None:
    with pytest.raises(ValidationError, match="`sampling` sets `seed`"):
        FinetuneSpec(kind="lora", style="bold", sampling=[{"steps": 4}, {"seed": 7}])
