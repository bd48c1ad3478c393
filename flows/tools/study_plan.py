"""How large a study has to be: the asked plan, and others beside it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from components.errors import AlphabarError
from components.preference.design.size import FEWEST_HIDDEN
from components.preference.statistics.planning import Plan, Spread
from components.preference.statistics.sizes import sized
from components.reporting.tables.table import Column, Table

RATERS = (3, 5)
EFFECTS = (0.55, 0.6, 0.65, 0.7)
"""What other plans are reckoned for."""


@dataclass(frozen=True)
class Planned:
    """A study's plan.

    Attributes:
        plan: what was asked for.
        others: with other raters and effects: (win rate, raters) → a plan; None where no number
            of pairs and people that may be is enough.
        assumes: what the reckoning takes for granted, in one sentence.
    """

    plan: Plan
    others: dict[tuple[float, int], Plan | None]
    assumes: str

    def content(self) -> dict[str, Any]:
        """All of it for programs."""
        others = [
            {"effect": effect, "raters": raters, "plan": plan and asdict(plan)}
            for (effect, raters), plan in self.others.items()
        ]
        return {"plan": asdict(self.plan), "alternatives": others, "assumes": self.assumes}

    def table(self) -> Table:
        """The alternatives, the asked one among them."""
        titles = ("win rate", "raters a pair", "pairs", "people", "answers", "of each", "power")
        return Table.of_texts(
            "studies that could be run",
            [Column(title, right=True) for title in titles],
            [_cells(*of, plan) for of, plan in self.others.items()],
        )


def plan_study(
    effect: float,
    power: float,
    raters: int,
    pairs: int | None = None,
    people: int | None = None,
    ties: float | None = None,
) -> Planned:
    """The plan for a win rate and a power, with a few others of unlike raters and win rates.

    Args:
        effect: the win rate that is to be told from one half.
        raters: people a pair.
        pairs, people: how many there are, where that is fixed.
        ties: share of answers that prefer neither model; a usual one where None.

    Raises:
        AlphabarError: no study of these sizes reaches the power.
    """
    spread = Spread() if ties is None else Spread(ties=ties)

    def at(rate: float, many: int) -> Plan:
        return sized(rate, power, many, pairs=pairs, people=people, spread=spread)

    try:
        asked = at(effect, raters)
    except ValueError as error:
        raise AlphabarError(
            f"no such study: {error}", "give other --people, --pairs, --raters, --effect or --power"
        ) from None
    if asked.people > asked.answers:
        raise AlphabarError(
            f"{asked.pairs} pairs with {raters} raters each leave some of {asked.people} people "
            "nothing to judge",
            "give more --pairs or fewer --people",
        )
    others: dict[tuple[float, int], Plan | None] = {}
    for rate in sorted({*EFFECTS, effect}):
        for many in sorted({*RATERS, raters}):
            try:
                others[rate, many] = at(rate, many)
            except ValueError:
                others[rate, many] = None
    return Planned(asked, others, _assumptions(spread))


def _assumptions(spread: Spread) -> str:
    return (
        f"taken for granted: {100 * spread.ties:g} % of answers are ties, two answers of one "
        f"person correlate by {spread.person:g} and two about one prompt by {spread.prompt:g}, "
        "every pair has a prompt of its own, the interval is 95 % and about other people and other "
        f"prompts, and each person answers {FEWEST_HIDDEN} repeats and {FEWEST_HIDDEN} attention "
        "checks more"
    )


def _cells(effect: float, raters: int, plan: Plan | None) -> Sequence[str]:
    asked = (f"{effect:g}", str(raters))
    if plan is None:
        return (*asked, "out of reach", "", "", "", "")
    sizes = (f"{plan.pairs:,}", f"{plan.people:,}", f"{plan.answers:,}", f"{plan.each:.0f}")
    return (*asked, *sizes, f"{plan.power:.2f}")
