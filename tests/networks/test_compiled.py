"""What compiling a network leaves as it is, for how many shapes, and what it refuses."""

import copy
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from components.errors import AlphabarError
from components.networks.compiled import compilations, compile_cache, compile_network
from components.networks.conditioners.rows import MASK, STATES


class Told(nn.Module):
    """Mixes x with what captions say."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4)

    def forward(self, x: Tensor, timestep: Tensor, **rows: Tensor) -> Tensor:
        told = (rows[STATES] * rows[MASK][..., None]).sum(1)
        mixed: Tensor = self.layer(x + told) * timestep[:, None]
        return mixed


class Looking(Told):
    """Cannot be one graph: it decides by a value."""

    def forward(self, x: Tensor, timestep: Tensor, **rows: Tensor) -> Tensor:
        return x if x.sum().item() > 0 else super().forward(x, timestep, **rows)


def given(count: int, length: int) -> tuple[tuple[Tensor, Tensor], dict[str, Tensor]]:
    rows = {STATES: torch.randn(count, length, 4), MASK: torch.ones(count, length)}
    return (torch.randn(count, 4), torch.rand(count)), rows


def test_captions_of_many_lengths_share_a_graph_and_longer_ones_have_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("TORCHINDUCTOR_CACHE_DIR", "TRITON_CACHE_DIR"):
        monkeypatch.setenv(name, "elsewhere")  # put back behind the test
    compile_cache(tmp_path)
    plain = Told()
    network = copy.deepcopy(plain)
    compile_network(network, grad=False)
    known = compilations()
    for length in (7, 3, 12, 5, 9, 1, 2, 8, 16, 17):
        x, rows = given(5, length)
        with torch.no_grad():
            torch.testing.assert_close(network(*x, **rows), plain(*x, **rows))
    assert compilations() == known + 2
    assert any(tmp_path.iterdir())
    assert list(network.state_dict()) == list(plain.state_dict())
    assert copy.deepcopy(network)._compiled_call_impl is None


def test_what_cannot_be_one_graph_is_refused() -> None:
    network = Looking()
    compile_network(network, grad=False)
    x, rows = given(2, 3)
    with pytest.raises(AlphabarError, match="torch.compile cannot take Looking: ") as refused:
        network(*x, **rows)
    assert refused.value.remedy == "use `compile: off`"


def test_a_machine_without_a_compiler_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    from torch._inductor import cpp_builder

    missing: Any = torch._inductor.config.patch({"cpp.cxx": ("no-such-compiler",)})
    getattr(cpp_builder.get_cpp_compiler, "cache_clear", lambda: None)()
    with missing, pytest.raises(AlphabarError, match="finds no C\\+\\+ compiler") as refused:
        compile_network(Told(), grad=True)
    assert "install g++" in refused.value.remedy
