"""A study's size where more than the power is fixed: its pairs, its people, or both."""

from components.preference.statistics.planning import Plan, Spread, plan, power

MOST_PEOPLE = 10_000


def sized(
    effect: float,
    wanted: float,
    raters: int,
    *,
    pairs: int | None = None,
    people: int | None = None,
    spread: Spread | None = None,
) -> Plan:
    """The smallest study that reaches the power; with pairs and people fixed, the power that is.

    Args:
        effect: the true win rate that is to be told from one half.
        wanted: the power; not asked for where both sizes are fixed.
        raters: people a pair.
        pairs, people: how many there are, where that is fixed.

    Raises:
        ValueError: as `planning.plan`, or no number of people is enough for the pairs.
    """
    if pairs is None:
        return plan(effect, wanted, raters, people=people, spread=spread)
    if people is not None:
        if raters > people:
            raise ValueError(f"{raters} raters a pair need as many people, and there are {people}")
        return _at(effect, pairs, raters, people, spread)
    low, high = max(raters, 2) - 1, min(pairs * raters, MOST_PEOPLE)
    most = _at(effect, pairs, raters, max(high, raters), spread)
    if most.power < wanted:
        raise ValueError(
            f"{pairs} pairs with {raters} raters each reach a power of {most.power:.2f} for a win "
            f"rate of {effect}, however many people answer: show more pairs, or ask more raters"
        )
    while high - low > 1:
        middle = (low + high) // 2
        reached = _at(effect, pairs, raters, middle, spread).power >= wanted
        low, high = (low, middle) if reached else (middle, high)
    return _at(effect, pairs, raters, high, spread)


def _at(effect: float, pairs: int, raters: int, people: int, spread: Spread | None) -> Plan:
    answers = pairs * raters
    reached = power(effect, pairs, raters, people, spread)
    return Plan(pairs, raters, people, answers, answers / people, reached, effect)
