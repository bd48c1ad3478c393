"""How a fine-tune stands to the base that it started from, in what fine-tunes are ranked by."""

from dataclasses import dataclass
from pathlib import Path

from components.figures.best_finetune import Measured
from components.figures.figure import readable
from components.figures.likeness import Likeness, read_likeness
from components.figures.record import read_judgement
from components.figures.standing import BETTER, NOISE, UNLIKE, WORSE, Standing, between

ALIKE = {BETTER: "more", WORSE: "less"}
GOOD = {BETTER: "better", WORSE: "worse"}


@dataclass(frozen=True)
class BesideBase:
    """A fine-tune beside its base.

    Attributes:
        kind: `BETTER`, `NOISE`, `WORSE` or `UNLIKE`.
        verdict: the same in words, which go behind the model's name.
        numbers: what that is read from.
        standing: of the distance to the new holdout; None where the likeness ranks.
        likeness: to the subject; None where a distance ranks.
    """

    kind: str
    verdict: str
    numbers: str
    standing: Standing | None = None
    likeness: Likeness | None = None

    @property
    def clause(self) -> str:
        """Verdict and numbers, to be read behind the model's name."""
        return f"{self.verdict} ({self.numbers})" if self.numbers else self.verdict

    def sentence(self, name: str) -> str:
        """``name`` with the clause."""
        return f"{name or 'The fine-tune'} {self.clause}."


def beside_base(model: Measured, before: Path, metric: str, judge: str = "") -> BesideBase | None:
    """How ``model`` stands to its base; None where what ranks was not measured of both.

    Args:
        before: the directory of the base's figures against the new data's holdout.
        metric: the distance that ranks models without a subject.
        judge: the extractor whose likeness ranks; empty where the distance does.

    Raises:
        AlphabarError: a file is missing or broken.
    """
    if judge and model.similarity:
        return by_likeness(read_likeness(model.similarity)[judge])
    pair = [read_judgement(each).figures.get(metric) for each in (model.adapted, before)]
    tuned, base = pair
    if tuned is None or base is None or not (tuned.finite and base.finite):
        return None
    return _by_distance(between(tuned, base))


def by_likeness(found: Likeness) -> BesideBase:
    """How a fine-tune whose likeness was ``found`` stands to its base, by the difference's
    interval."""
    less = found.difference
    kind = BETTER if less.low > 0 else WORSE if less.high < 0 else NOISE
    verdict = "cannot be told from its base in likeness to the subject"
    if kind in ALIKE:
        verdict = f"is {ALIKE[kind]} like the subject than its base"
    numbers = (
        f"likeness {found.tuned.value:.3f} against {found.baseline.value:.3f}, "
        f"difference {less.text()}"
    )
    return BesideBase(kind, verdict, numbers, likeness=found)


def _by_distance(standing: Standing) -> BesideBase:
    what = f"{readable(standing.metric)} to the new holdout"
    if standing.kind == UNLIKE or standing.difference is None:
        verdict = f"cannot be compared with its base in {what}, which was measured otherwise"
        return BesideBase(UNLIKE, verdict, "", standing)
    verdict = f"cannot be told from its base in {what}"
    if standing.kind in GOOD:
        verdict = f"is {GOOD[standing.kind]} than its base in {what}"
    p = f", p {standing.p_text()}" if standing.paired else ""
    numbers = f"{standing.compact()}, {standing.how_far}{p}"
    return BesideBase(standing.kind, verdict, numbers, standing)
