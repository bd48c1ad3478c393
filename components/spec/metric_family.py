"""What is known of a family of figures before any is measured: the record behind each entry."""

from dataclasses import dataclass
from typing import Literal

Direction = Literal["lower", "higher", "neither"]

Judge = Literal[
    "extractor",
    "clip",
    "preference",
    "classifier",
    "model",
    "scorer",
    "level",
    "codec",
    "subject",
]
"""Who judges: a network that looks at images, one that reads captions too, one that was trained on
people's choices, a classifier of real images, the model itself whatever sampler draws, the training
of the domain's CLIP, a noise level that a network in training takes away, the codec itself, or a
network that looks at images of a subject while it is learnt."""

Need = Literal["real images", "training images", "base images", "clip extractor"]
"""What not every evaluation has."""


@dataclass(frozen=True)
class JudgeKind:
    """What is known of who judges.

    Attributes:
        names: what may stand behind a family's name in a figure's; a CLIP may have any other.
        asked: whether `evaluation.metrics` names its families.
        alone: whether a family's name alone may be a figure's.
        of_samples: whether it judges samples; otherwise a network, whatever sampler draws.
        sees: what its figures in training are of, where that is not what the network draws.
    """

    names: tuple[str, ...]
    asked: bool = False
    alone: bool = False
    of_samples: bool = True
    sees: str = ""


_EXTRACTORS = ("efficientnet_lite0", "inception", "dinov2")

JUDGES: dict[Judge, JudgeKind] = {
    "extractor": JudgeKind(_EXTRACTORS, asked=True),
    "clip": JudgeKind(("domain",), asked=True, alone=True),
    "preference": JudgeKind(("pickscore", "hps_v2.0", "hps_v2.1")),
    "classifier": JudgeKind(("svc",)),
    "model": JudgeKind((), alone=True, of_samples=False),
    "scorer": JudgeKind(("top1",)),
    "level": JudgeKind(
        ("sigma0.5", "sigma2"),
        sees="held-out images seen through noise by the EMA weights, without a sampler,",
    ),
    "codec": JudgeKind((), alone=True),
    "subject": JudgeKind(_EXTRACTORS),
}


@dataclass(frozen=True)
class Published:
    """What a figure is called where Inception judges with clean-fid's resize.

    Attributes:
        name: the whole name, without a judge.
        words, line, source: as of the family, where they differ.
    """

    name: str
    words: str = ""
    line: str = ""
    source: str = ""


@dataclass(frozen=True)
class MainColumn:
    """The family's column in a table that has no room for all.

    Attributes:
        place: from left to right; families of one place are the same by other judges.
        gives_way: the column of the largest number is left out first.
        header: its words where they need a break.
    """

    place: int
    gives_way: float = 3.0
    header: str = ""


@dataclass(frozen=True)
class Copying:
    """What a figure says of copies of training images.

    Attributes:
        told: a sentence with ``{figure}``.
        fewer: the verdict where it is below what unseen real images reach, beyond the intervals.
        otherwise: the verdict where it is not.
    """

    told: str
    fewer: str
    otherwise: str


@dataclass(frozen=True)
class MetricFamily:
    """One family of figures; the function behind it stands in `components.evaluation.families`.

    Attributes:
        words: what tables and plots call it.
        better: which way is better; ``neither`` for figures that have no good side.
        line: what it says.
        source: author and year.
        unit: ``%`` for what lies in [0, 1] and is shown in per cent.
        judge: who judges; families of an extractor or a CLIP can be named in `evaluation.metrics`.
        judges: names of judges, where others than `JUDGES` has.
        published: what it is called where Inception judges.
        needs: what not every evaluation has; without it the figure is left out.
        options: keys of `evaluation` that only some families read.
        unseen: whether training images, having been learnt from, would look too good or too bad
            in it, so that its floor is the holdout's own.
        of_each_image: whether it is a mean, share or median over the judged images: more of them
            make it surer, not other.
        work: properties of `components.evaluation.view.View` that take long and that it
            reads; they are made side by side.
        ranks: whether it ranks cells; one family does.
        indispensable: whether a run goes on with it, so that it is never left out in silence.
        in_groups: whether it is taken of each class or caption too.
        in_training: whether it is cheap enough for the evaluations of a training run.
        column: its place among the main columns; None for figures that only whole tables have.
        copying: what it says of copies, where it looks for them.
    """

    words: str
    better: Direction
    line: str
    source: str
    unit: Literal["", "%"] = ""
    judge: Judge = "extractor"
    judges: tuple[str, ...] = ()
    published: Published | None = None
    needs: tuple[Need, ...] = ()
    options: tuple[str, ...] = ()
    unseen: bool = False
    of_each_image: bool = False
    work: tuple[str, ...] = ()
    ranks: bool = False
    indispensable: bool = False
    in_groups: bool = False
    in_training: bool = False
    column: MainColumn | None = None
    copying: Copying | None = None

    @property
    def known_judges(self) -> tuple[str, ...]:
        """Names that may stand behind the family's."""
        return self.judges or JUDGES[self.judge].names

    @property
    def of_samples(self) -> bool:
        """Whether it is of samples, and not of a network alone."""
        return JUDGES[self.judge].of_samples
