"""Real steps of tiny networks, on this processor."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from components.networks.denoisers import build_network
from components.speed.load import Load
from components.speed.steps import Steps, time_compiled, time_precisions

UNET = {"kind": "unet", "channels": [8, 16], "layers_per_block": 1, "dropout": 0.0}
DIT = {"kind": "transformer", "patch": 2, "depth": 1, "width": 16, "heads": 2, "dropout": 0.0}
TRAINED = Load(UNET, (1, 8, 8), 4, "cpu", 1, classes=True, optimizer="adamw")
FOREIGN: dict[str, Any] = {
    "kind": "diffusers",
    "model": "UNet2DConditionModel",
    "config": {
        "sample_size": 8,
        "in_channels": 4,
        "out_channels": 4,
        "block_out_channels": [8, 8],
        "down_block_types": ["DownBlock2D", "CrossAttnDownBlock2D"],
        "up_block_types": ["CrossAttnUpBlock2D", "UpBlock2D"],
        "layers_per_block": 1,
        "norm_num_groups": 4,
        "cross_attention_dim": 16,
        "attention_head_dim": 2,
    },
}


@pytest.mark.parametrize(
    "load",
    [
        TRAINED,
        replace(TRAINED, parts=3, checkpointing=True),
        replace(TRAINED, network=DIT),
        replace(TRAINED, network=DIT, classes=False, width=12, tokens=5),
        replace(TRAINED, classes=False, width=12, tokens=5, optimizer=None),
        replace(TRAINED, network=FOREIGN, shape=(4, 8, 8), classes=False, tokens=5),
    ],
)
def test_every_kind_of_load_is_timed_in_both_precisions(load: Load) -> None:
    assert Load.of(load.told()) == load
    found = time_precisions(load, ["32-true", "bf16-mixed"])
    assert list(found) == ["32-true", "bf16-mixed"]
    assert all(value is not None and value > 0 for value in found.values())


def test_a_training_step_moves_the_weights_and_a_pass_does_not() -> None:
    for load, moved in ((TRAINED, True), (replace(TRAINED, optimizer=None), False)):
        steps = Steps(load)
        before = [weight.clone() for weight in steps.network.parameters()]
        steps.step("bf16-mixed")
        pairs = zip(before, steps.network.parameters(), strict=True)
        assert any(not torch.equal(old, new) for old, new in pairs) == moved


def test_bf16_is_asked_of_the_network_where_it_is_timed() -> None:
    steps = Steps(replace(TRAINED, optimizer=None))
    seen: list[torch.dtype] = []
    layer = next(part for part in steps.network.modules() if isinstance(part, torch.nn.Conv2d))
    layer.register_forward_hook(lambda module, given, output: seen.append(output.dtype))
    for precision in ("32-true", "bf16-mixed"):
        steps.step(precision)
    assert seen == [torch.float32, torch.bfloat16]


def test_the_network_is_what_the_project_builds() -> None:
    class Told:
        n_classes, width, pooled = 10, None, None

    ours = build_network(UNET, (1, 8, 8), Told(), seed=0)  # type: ignore[arg-type]
    names = [(name, weight.shape) for name, weight in ours.named_parameters()]
    timed = Steps(TRAINED).network.named_parameters()
    assert names == [(name, weight.shape) for name, weight in timed]


@pytest.mark.slow
def test_compiling_is_timed_beside_what_is_not_compiled(tmp_path: Path) -> None:
    load = replace(TRAINED, network=DIT, classes=False, optimizer=None)
    found = time_compiled(load, "32-true", tmp_path / "compiled")
    assert found.keys() == {"eager", "compiled", "compile_seconds"}
    assert all(isinstance(value, float) and value > 0 for value in found.values())
    assert found["compile_seconds"] > found["compiled"]  # type: ignore[operator]
    assert any((tmp_path / "compiled").iterdir())


def test_where_nothing_compiles_the_reason_is_what_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from torch._inductor import cpp_builder

    monkeypatch.setenv("CXX", "no-such-compiler")
    missing: Any = torch._inductor.config.patch({"cpp.cxx": (None, "no-such-compiler")})
    cpp_builder.cpp_compiler_search.cache_clear()
    try:
        with missing:
            found = time_compiled(TRAINED, "32-true", tmp_path)
    finally:
        cpp_builder.cpp_compiler_search.cache_clear()
    assert found == {"fault": "torch.compile finds no C++ compiler"}
