"""The table of stages names what exists."""

import importlib

import pytest

from components.spec.plan import STAGE_VERSIONS
from flows.run.stages import STAGES


def test_every_planned_stage_can_be_run() -> None:
    assert set(STAGES) == set(STAGE_VERSIONS)


@pytest.mark.parametrize("stage", sorted(STAGES))
def test_a_stage_is_a_function(stage: str) -> None:
    module, _, name = STAGES[stage].function.partition(":")
    assert callable(getattr(importlib.import_module(module), name))
