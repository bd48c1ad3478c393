"""The share of the training time that evaluations may take, with a clock that a test moves."""

import itertools

import pytest

from components.training.budget import Budget


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def evaluate(budget: Budget, clock: Clock, seconds: float) -> None:
    with budget.evaluating():
        clock.now += seconds


def test_without_a_share_everything_is_allowed() -> None:
    clock = Clock()
    budget = Budget(None, clock)
    evaluate(budget, clock, 1e6)
    assert budget.allows()


def test_an_evaluation_waits_until_its_expected_cost_is_within_the_share() -> None:
    clock = Clock()
    budget = Budget(0.1, clock)
    clock.now += 500  # loading, before training starts
    budget.start()
    assert budget.is_blind, "nobody knows yet what one costs"
    evaluate(budget, clock, 3)
    assert not budget.is_blind
    assert budget.trained() == 0, "the evaluation's own time is no training time"
    clock.now += 59
    assert not budget.allows(), "6 s of 59 s"
    assert "evaluations would take 6.0 s" in budget.reason()
    assert "0.1` of 59.0 s of training is less" in budget.reason()
    clock.now += 1
    assert budget.allows(), "6 s of 60 s"


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5])
@pytest.mark.parametrize("cost", [2.0, 7.25])
def test_the_share_holds_over_the_whole_run_and_the_last_evaluation_takes_place(
    share: float, cost: float
) -> None:
    clock, total = Clock(), 4000
    budget = Budget(share, clock)
    budget.start()
    evaluate(budget, clock, cost)
    steps = []
    for step, seconds in enumerate(itertools.islice(itertools.cycle([0.5, 0.25, 1.0]), total), 1):
        clock.now += seconds
        if budget.allows(step / total):
            evaluate(budget, clock, cost)
            steps.append(step)
            assert budget.spent <= share * budget.trained()
    assert steps[-1] == total
    fit = share * budget.trained() / cost
    assert fit - 2 <= 1 + len(steps) <= fit, "no more are left out than must be"


def test_a_misjudged_evaluation_exceeds_the_share_by_no_more_than_its_surplus() -> None:
    clock = Clock()
    budget = Budget(0.1, clock)
    budget.start()
    evaluate(budget, clock, 1)
    for _ in range(10_000):
        clock.now += 1
        if budget.allows():
            surplus = 3 * budget.expected / 4
            evaluate(budget, clock, budget.expected + surplus)
            assert budget.spent <= 0.1 * budget.trained() + surplus


def test_a_share_that_allows_nothing_says_how_far_it_is() -> None:
    clock = Clock()
    budget = Budget(0.1, clock)
    budget.start()
    evaluate(budget, clock, 5)
    clock.now += 40
    assert not budget.allows()
    assert "`training.max_share: 0.1` of 40.0 s of training is less" in budget.reason()


def test_a_failed_evaluation_has_cost_time_too() -> None:
    clock = Clock()
    budget = Budget(0.5, clock)
    budget.start()

    def fail() -> None:
        with budget.evaluating():
            clock.now += 4
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert (budget.spent, budget.expected, budget.trained()) == (4, 4, 0)


def test_a_resumed_run_goes_on_counting() -> None:
    clock = Clock()
    budget = Budget(0.1, clock)
    budget.start()
    clock.now += 100
    evaluate(budget, clock, 5)
    clock.now += 20
    resumed = Budget(0.1, clock)
    resumed.restore(budget.state())
    clock.now += 1000  # until training starts
    resumed.start()
    assert (resumed.trained(), resumed.spent, resumed.expected) == (120, 5, 5)
    clock.now += 79
    assert resumed.trained() == 199
    assert resumed.allows(), "10 s of 199 s"
    evaluate(resumed, clock, 11)
    assert not resumed.allows(), "27 s of 199 s"
