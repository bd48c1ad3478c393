import pytest

from components.reporting.words.naming import (
    cost,
    evaluations_words,
    listed,
    model_name,
    phrase,
    sampler_name,
    value_words,
)
from components.spec.sections.sampling import SamplingSpec


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("process.schedule", "cosine", "schedule cosine"),
        ("sampling.solver", "ddim", "ddim"),
        ("sampling.steps", 1, "1 step"),
        ("sampling.steps", 10, "10 steps"),
        ("training.steps", 500, "500 training steps"),
        ("process.zero_terminal_snr", True, "zero terminal SNR"),
        ("process.zero_terminal_snr", False, "no zero terminal SNR"),
        ("sampling.ema_length", None, "no EMA length"),
        ("sampling.guidance", 2.5, "guidance 2.5"),
        ("evaluation.prompts", None, "held-out captions"),
        ("evaluation.prompts", "training", "training captions"),
        ("evaluation.prompts", "parti.tsv", "prompts of parti.tsv"),
    ],
)
def test_a_setting_has_words(path: str, value: object, words: str) -> None:
    assert phrase(path, value) == words


def test_a_value_stands_alone_where_it_is_a_name() -> None:
    assert value_words("process.schedule", "cosine") == "cosine"
    assert value_words("sampling.guidance", 2.0) == "guidance 2"
    assert value_words("sampling.negative_prompt", "") == "no negative prompt"


def test_an_option_that_the_solver_does_not_read_is_not_in_its_name() -> None:
    heun, plain, noisy = (
        SamplingSpec.model_validate(changes).model_dump()
        for changes in ({"solver": "heun"}, {"solver": "ddim"}, {"solver": "ddim", "eta": 1.0})
    )
    names = [sampler_name(s, [heun, plain, noisy]) for s in (heun, plain, noisy)]
    assert names == ["heun", "ddim, eta 0", "ddim, eta 1"]


def test_a_network_is_named_by_what_it_overrides() -> None:
    overrides = {"process.schedule": "linear", "process.zero_terminal_snr": True}
    cell = {"overrides": overrides | {"sampling.steps": 5}, "schedule": "linear"}
    assert model_name(cell) == "schedule linear, zero terminal SNR"
    assert model_name({"overrides": {"sampling.steps": 5}, "schedule": "edm"}) == "schedule edm"


def test_lists_and_numbers_agree() -> None:
    assert listed(["a"]) == "a"
    assert listed(["a", "b"]) == "a and b"
    assert listed(["a", "b", "c"]) == "a, b and c"
    assert evaluations_words(1) == "1 evaluation"
    assert evaluations_words(57.25) == "57.2 evaluations"
    assert cost(None) == ""
    assert cost(50.0) == "50"
