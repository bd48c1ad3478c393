"""The sections `evaluation` and `scorer`."""

from itertools import chain
from typing import Annotated, Any

from pydantic import AfterValidator, Field, model_validator

from components.spec.catalogue import CLASSIFIERS, CLIPS, EXTRACTORS, LIKELIHOODS, PREFERENCES
from components.spec.catalogue.evaluation import ExtractorEntry, clip_of, extractor_of
from components.spec.catalogue.preferences import preference_of
from components.spec.metric_families import FAMILIES
from components.spec.metric_family import JUDGES
from components.spec.metrics import METRICS, RANKING, TAKEN, asked_of, needing, slug
from components.spec.sections.base import (
    MOST_SEED,
    MOST_STEPS,
    OPTIONS,
    Options,
    Section,
    checked_options,
)
from components.spec.sections.names import OneOf


def check_extractor(name: str) -> str:
    """An extractor's name; raises ValueError for any other."""
    if extractor_of(name) is None:
        raise ValueError(f"`{name}` is no extractor: choose from {', '.join(EXTRACTORS)}")
    return name


def check_clip(name: str) -> str:
    """What `evaluation.clip` may be; raises ValueError for anything else."""
    if clip_of(name) is None:
        raise ValueError(f"`{name}` is no CLIP: choose from {', '.join(CLIPS)}")
    return name


def check_preference(name: str) -> str:
    """What `evaluation.preference` may be; raises ValueError for anything else."""
    if preference_of(name) is None:
        raise ValueError(f"`{name}` is no preference model: choose from {', '.join(PREFERENCES)}")
    return name


def _is_unjudged(name: str) -> bool:
    return not PREFERENCES[name].judges if name in PREFERENCES else False


SEEN = "training"
"""What `prompts` says for the captions that the model was trained on."""

Extractor = Annotated[str, AfterValidator(check_extractor)]


class EvaluationSpec(Section):
    """How samples are compared with the holdout."""

    samples: int = Field(2000, ge=20, le=1_000_000, description="images a cell")
    extractor: Extractor = Field(
        "efficientnet_lite0", description="the network whose Fréchet distance ranks cells"
    )
    others: list[Extractor] = Field(
        default_factory=list, description="further extractors, each with figures of its own"
    )
    size: int = Field(
        64, ge=32, le=1024, description="efficientnet_lite0: side at which it looks, pixels"
    )
    metrics: list[Annotated[str, OneOf("metrics")]] | None = Field(
        None, description="which figures are taken; none: all that the rest of the file allows"
    )
    neighbours: int = Field(
        5, ge=1, le=100, description="precision, recall, density, coverage: reach of the balls"
    )
    clip: Annotated[str, AfterValidator(check_clip)] = Field(
        "domain", description="which CLIP score: domain, none, or clip:MODEL:WEIGHTS"
    )
    preference: Annotated[str, AfterValidator(check_preference)] = Field(
        "none",
        max_length=4096,
        exclude_if=_is_unjudged,
        description="which model of people's choices judges too: none, pickscore:DIR, or hps:FILE",
    )
    classifier: Annotated[str, OneOf("classifiers")] = Field(
        "none", description="svc: share of class-conditional samples that an SVC recognises"
    )
    groups: Annotated[str, OneOf("groups")] = Field(
        "class", description="what else figures are taken for, each on its own"
    )
    prompts: str | None = Field(
        None,
        min_length=1,
        max_length=4096,
        description="file of prompts that samples are drawn for, .txt, .csv or .tsv, from the "
        "project's folder; training: the captions of the training images; none: the held-out ones",
    )
    likelihood: Annotated[str, OneOf("likelihoods")] = Field(
        "none", description="elbo: variational bound of the holdout, bits per dimension"
    )
    confidence: float = Field(0.95, gt=0.5, lt=1.0, description="level of every interval")
    options: Options = Field(
        default_factory=dict, description="metric of a plug-in → what it reads, as its model says"
    )

    @model_validator(mode="after")
    def _metrics_can_be_taken(self) -> "EvaluationSpec":
        extractors = self.extractors()
        names = [slug(name) for name in extractors]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"figures of two extractors would both be called `{twice[0]}`")
        if self.metrics is None:
            return self
        if RANKING not in self.metrics:
            raise ValueError(f"`metrics` must have `{RANKING}`, which ranks the cells")
        if other := [name for name in self.metrics if not JUDGES[METRICS[name].judge].asked]:
            judge = METRICS[other[0]].judge
            raise ValueError(f"`{other[0]}` cannot be asked for: its judge is `{judge}`")
        unfit = needing("clip extractor", self.metrics)
        if unfit and not any(entry.clip for entry in self._entries()):
            raise ValueError(f"`{min(unfit)}` needs an extractor `clip:MODEL:WEIGHTS`")
        if not self.reads_captions and (idle := sorted(asked_of("clip", self.metrics))):
            raise ValueError(f"`{idle[0]}` has no meaning with `clip: {self.clip}`")
        return self

    def packages(self) -> dict[str, str]:
        """The packages of the plug-ins that are among `metrics`, and their versions."""
        named = self.metrics or ()
        return {package: v for name in named for package, v in METRICS.packages(name).items()}

    def _options(self) -> dict[str, Any]:
        named = self.metrics or ()
        if idle := sorted(self.options.keys() - {*named}):
            raise ValueError(f"`options.{idle[0]}` has no meaning: it is none of `metrics`")
        for name in named:
            METRICS.refuse_clash(name)
        found = {
            name: checked_options(
                METRICS, "metric", name, self.options.get(name, {}), (OPTIONS, name)
            )
            for name in named
        }
        return {name: options for name, options in found.items() if options}

    def extractors(self) -> list[str]:
        """All networks by which images are judged, the one that ranks cells first."""
        return [self.extractor, *self.others]

    def judges(self) -> list[str]:
        """All whose weights figures rest on: `extractors`, and who reads captions."""
        preferring = [self.preference] if self.judges_preference else []
        return [*self.extractors(), self.clip, *preferring]

    def _entries(self) -> list[ExtractorEntry]:
        """What is known of `extractors`."""
        return [entry for name in self.extractors() if (entry := extractor_of(name))]

    @property
    def prompts_file(self) -> str | None:
        """The file among what `prompts` may be."""
        return None if self.prompts == SEEN else self.prompts

    @property
    def reads_captions(self) -> bool:
        """Whether a CLIP reads captions."""
        entry = clip_of(self.clip)
        return entry is not None and entry.reads_captions

    @property
    def judges_preference(self) -> bool:
        """Whether a preference model judges images and captions."""
        entry = preference_of(self.preference)
        return entry is not None and entry.judges

    @property
    def needs_captions(self) -> bool:
        """Whether anybody reads captions."""
        return self.reads_captions or self.judges_preference

    @property
    def trains_clip(self) -> bool:
        """Whether that CLIP is trained by the experiment."""
        entry = clip_of(self.clip)
        return entry is not None and entry.trained

    @property
    def recognises(self) -> bool:
        """Whether a classifier recognises the images."""
        return CLASSIFIERS[self.classifier].recognises

    @property
    def counts_bits(self) -> bool:
        """Whether the network is asked for bits of held-out pixels."""
        return LIKELIHOODS[self.likelihood].counts_bits

    def unread(self) -> frozenset[str]:
        taken = TAKEN if self.metrics is None else self.metrics
        readers = [METRICS[name].options for name in taken]
        readers += [entry.options for entry in self._entries()]
        choices = [family.options for family in FAMILIES.values()]
        choices += [entry.options for entry in EXTRACTORS.values()]
        return frozenset({*chain(*choices)} - {*chain(*readers)})


class ScorerSpec(Section):
    """The domain CLIP: two frozen towers, trained projections."""

    steps: int = Field(1000, ge=1, le=MOST_STEPS, description="contrastive steps")
    batch_size: int = Field(256, ge=2, le=65_536, description="pairs a step")
    lr: float = Field(1.0e-3, gt=0.0, le=1.0)
    weight_decay: float = Field(0.05, ge=0.0, le=1.0, description="AdamW weight decay")
    embed_dim: int = Field(256, ge=8, le=2048, description="width of the shared space")
    dropout: float = Field(0.3, ge=0.0, lt=1.0, description="feature dropout while training")
    size: int = Field(64, ge=32, le=1024, description="side of the image tower's input, pixels")
    seed: int = Field(0, ge=0, le=MOST_SEED)
