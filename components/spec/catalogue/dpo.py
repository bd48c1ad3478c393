"""What Diffusion-DPO reads of the section `finetune`, and how the pairs it learns are spoken of."""

from collections.abc import Mapping
from typing import Any, Self

from pydantic import Field, model_validator

from components.errors import UnfitError, number_of
from components.spec.catalogue.weights import WeightsSettings, unread_of_a_lora

Values = Mapping[str, Any]

DRAWN = "drawn"
"""What `finetune.preferences` says in the place of a study: the base draws the pairs, and the
simulated annotators of `study.simulate` decide them."""

BETA, DRAWN_PAIRS = 2000.0, 200

PAIRS, SIMULATED = "preference_pairs", "simulated_pairs"
"""Figures in metrics.json: how many pairs were trained on, and of how many no person decided."""


class DpoSettings(WeightsSettings):
    """What Diffusion-DPO reads; the LoRA's part of it with `weights: lora`."""

    preferences: str | None = Field(
        None,
        min_length=1,
        max_length=500,
        exclude_if=lambda preferences: preferences is None,
        description="dpo: whose decided pairs are trained on: a study in reports/studies/ by its "
        "name, or a folder; `drawn`: pairs that the base draws and the simulated annotators of "
        "`study.simulate` decide",
    )
    beta: float = Field(
        BETA,
        gt=0.0,
        le=1.0e9,
        exclude_if=lambda beta: beta == BETA,
        description="dpo: how strongly the model is held to the base; on mean squared errors, as "
        "the authors' code has it (T is in it)",
    )
    preference_pairs: int = Field(
        DRAWN_PAIRS,
        ge=2,
        le=100_000,
        exclude_if=lambda pairs: pairs == DRAWN_PAIRS,
        description="dpo: pairs that are drawn for `preferences: drawn`",
    )

    @model_validator(mode="after")
    def _pairs_are_said(self) -> Self:
        if self.preferences is None:
            raise UnfitError(
                "`kind: dpo` needs `preferences`: the study whose decided pairs it learns",
                f"give the name of a study in reports/studies/, a folder, or `{DRAWN}`",
            )
        if self.preferences != DRAWN and self.preference_pairs != DRAWN_PAIRS:
            raise UnfitError(
                f"`{PAIRS}` has no meaning with `preferences: {self.preferences}`: all of its "
                "decided pairs are trained on",
                f"leave `{PAIRS}` out, or give `preferences: {DRAWN}`",
            )
        return self


def unread_of_preferences(section: Values) -> frozenset[str]:
    """What the stage `finetune` does not read: how many pairs are drawn, and what is a LoRA's where
    none is trained."""
    return unread_of_a_lora(section) | {PAIRS}


def pair_and_reference(section: Values, conditional: bool) -> int:
    """A row is a pair: its second image forward and back, and both as the reference has them."""
    return 3 + 2


def decided_by(figures: Values) -> str:
    """How many pairs were trained on and who decided them; empty where none were.

    Args:
        figures: metrics.json of a ``finetune/`` directory.
    """
    pairs, simulated = figures.get(PAIRS, 0), figures.get(SIMULATED, 0)
    if not pairs:
        return ""
    if not simulated:
        return f"{number_of(pairs, 'pair')} decided by people"
    if simulated == pairs:
        counted = number_of(pairs, "pair")
        return f"{counted} decided by simulated annotators: preferences of no person"
    return f"{pairs} decided pairs, {simulated} of them by simulated annotators, who are no people"
