import time
from collections.abc import Iterator
from threading import Barrier, Event, current_thread

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from components.evaluation.features.feature_bank import FeatureBank, FeatureSet
from components.evaluation.side_by_side import side_by_side
from components.evaluation.view import View


@pytest.fixture(autouse=True)
def _two_threads() -> Iterator[None]:
    with threadpool_limits(2, "blas"):
        yield


def blas_threads() -> set[int]:
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


def test_pieces_run_at_once_and_share_the_threads_of_blas() -> None:
    """Two that wait for each other would never end one after the other."""
    meeting, seen = Barrier(2, timeout=20), []

    def meet() -> None:
        meeting.wait()
        seen.append((current_thread().name, blas_threads()))

    side_by_side([meet, meet])
    assert len({name for name, _ in seen}) == 2
    assert all(threads == {1} for _, threads in seen)
    assert blas_threads() == {2}


def test_with_one_thread_or_one_piece_nothing_is_started() -> None:
    seen: list[str] = []

    def look() -> None:
        seen.append(current_thread().name)

    side_by_side([])
    side_by_side([look])
    with threadpool_limits(1, "blas"):
        side_by_side([look, look])
    assert seen == [current_thread().name] * 3


def test_a_failure_ends_what_runs_drops_what_waits_and_gives_the_threads_back() -> None:
    failed, done = Event(), []

    def fail() -> None:
        failed.set()
        raise ZeroDivisionError

    def runs() -> None:
        failed.wait(20)
        time.sleep(0.3)  # until the failure has been seen
        done.append("running")

    with pytest.raises(ZeroDivisionError):
        side_by_side([fail, runs, runs, lambda: done.append("waiting")])
    assert set(done) == {"running"}
    assert blas_threads() == {2}
    side_by_side([lambda: done.append("again")] * 2)
    assert done.count("again") == 2


class _Blind:
    """An extractor without classes."""

    def logits(self, features: np.ndarray) -> None:
        return None


def view(n: int, *asked: str) -> View:
    generator = np.random.default_rng(0)
    sets = [
        FeatureSet(generator.normal(size=(n, 20)).astype(np.float32), "x", "none", "", _Blind())  # type: ignore[arg-type]
        for _ in range(3)
    ]
    return View(*sets, FeatureBank("cpu"), 0.95, 5, frozenset(asked))


ALL = ("fd", "fd_infinity", "kd", "precision", "vendi", "authenticity", "inception_score")


def test_what_is_made_ahead_is_what_is_made_when_asked_for() -> None:
    ahead, asked = view(120, *ALL), view(120, *ALL)
    side_by_side(ahead.work())
    made = {"frechet", "lesser_frechet", "kernel", "overlap", "vendi", "copies", "inception_score"}
    assert made <= vars(ahead).keys()
    for part in ("frechet", "kernel", "vendi"):
        first, second = getattr(ahead, part), getattr(asked, part)
        estimates = [getattr(each, "measured", each).estimate for each in (first, second)]
        assert estimates[0].value == pytest.approx(estimates[1].value, rel=1e-9)
        assert estimates[0].high == pytest.approx(estimates[1].high, rel=1e-9)


def test_only_what_the_families_read_is_made() -> None:
    few = view(120, "kd")
    side_by_side(few.work())
    assert {"frechet", "overlap", "vendi", "copies"} & vars(few).keys() == set()


def test_one_pass_over_the_pairs_gives_both_kernel_distances() -> None:
    both = view(120, "kd", "kd_subsets")
    side_by_side(both.work())
    assert "kernel" not in vars(both)
    assert both.kernel is both.kernel_of_subsets.whole


def test_what_cannot_be_made_is_left_to_the_family_that_asks() -> None:
    small = view(22, "fd", "fd_infinity")
    side_by_side(small.work())
    assert "frechet" in vars(small)
    assert "lesser_frechet" not in vars(small)


def test_work_of_a_family_that_is_not_known_to_take_long_is_made_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("components.evaluation.view._LONGEST_FIRST", ("overlap",))
    made = view(120, "kd", "precision")
    side_by_side(made.work())
    assert {"kernel", "overlap"} <= vars(made).keys()
