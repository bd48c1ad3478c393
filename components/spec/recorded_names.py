"""What models and runs are called in MLflow, and which of them a mistyped name meant."""

import difflib
from collections.abc import Callable, Collection, Iterable, Mapping

from components.errors import AlphabarError
from components.spec.loading import meant

SHORTEST_ID = 6
"""Characters of a run's id that name it."""

MOST_NAMES = 10


def with_those_above(runs: Iterable[str], above: Callable[[str], str | None]) -> set[str]:
    """``runs`` and all that they belong to.

    Args:
        above: a run's id → that of the run which it belongs to; None where it belongs to none.
    """
    found: set[str] = set()
    for run in runs:
        at: str | None = run
        while at is not None and at not in found:
            found.add(at)
            at = above(at)
    return found


def unknown_model(store: str, name: str, known: Collection[str]) -> AlphabarError:
    """What is said where no registered model is called ``name``.

    Args:
        store: MLflow's address.
        known: the models that there are.
    """
    there = ", ".join(sorted(known))
    remedy = f"{meant(name, known)}models there: {there}" if known else NO_MODEL
    return AlphabarError(f"MLflow at {store} has no model {name}", remedy)


NO_MODEL = "there is none yet: run an experiment first, which registers its best model"


def unknown_version(
    store: str, name: str, alias: str, known: Mapping[str, list[str]]
) -> AlphabarError:
    """What is said where there is no version ``name@alias``: only what there is is proposed.

    Args:
        store: MLflow's address.
        known: model → its aliases and versions' numbers.
    """
    what = f"MLflow at {store} has no model {name}@{alias}"
    if not known:
        return AlphabarError(what, NO_MODEL)
    if there := known.get(name):
        return AlphabarError(what, f"{meant(alias, there)}choose from {', '.join(there)}")
    able = [model for model, versions in known.items() if alias in versions]
    return AlphabarError(
        what, f"{meant(name, able, f'@{alias}')}models there: {', '.join(sorted(known))}"
    )


def unknown_run(name: str, known: Collection[str]) -> AlphabarError:
    """What is said where no run is called ``name``.

    Args:
        known: experiments and ``EXPERIMENT/NAME`` with evaluated cells, which can be compared.
    """
    what = f"no run is called {name}"
    if not known:
        return AlphabarError(what, "nothing is evaluated here yet: run an experiment first")
    first = sorted(known)
    close = difflib.get_close_matches(name, first, n=3, cutoff=0.3) or first[:MOST_NAMES]
    also = f"a run id, or its first {SHORTEST_ID} characters, also does"
    return AlphabarError(what, f"did you mean {' or '.join(close)}? {also}")


def no_champion(model: str) -> AlphabarError:
    """What is said where there is nobody whose championship could be given back."""
    return AlphabarError(
        f"{model} has no champion, so there is none to go back from",
        f"make a version champion first: `alphabar promote {model} --gate gates.yaml`",
    )
