"""What can be chosen in an experiment file: every name with one line, its source and its facts.

The names are the keys of the code's registries; a test holds them equal, so that these modules
need no torch to know what exists.
"""

from collections.abc import Mapping

from components.spec.catalogue.entries import Described, Entry
from components.spec.catalogue.evaluation import (
    CLASSIFIERS,
    CLIPS,
    EXTRACTORS,
    GROUPS,
    LIKELIHOODS,
)
from components.spec.catalogue.finetuning import FINETUNES
from components.spec.catalogue.networks import CODECS, CONDITIONERS, DENOISERS
from components.spec.catalogue.optimizers import OPTIMIZERS
from components.spec.catalogue.preferences import PREFERENCES
from components.spec.catalogue.process import (
    LOSS_WEIGHTS,
    PREDICTIONS,
    SCHEDULES,
    TIME_SAMPLINGS,
)
from components.spec.catalogue.sampling import GRIDS, GUIDANCE, GUIDES, SOLVERS
from components.spec.catalogue.sources import FITS, SOURCES
from components.spec.choices import Choices
from components.spec.metric_families import FAMILIES
from components.spec.metric_family import MetricFamily
from components.spec.metrics import TAKEN
from components.spec.plugins import unknown_groups

__all__ = [
    "CATALOGUE",
    "CLASSIFIERS",
    "CLIPS",
    "CODECS",
    "CONDITIONERS",
    "DENOISERS",
    "EXTRACTORS",
    "FINETUNES",
    "FITS",
    "GRIDS",
    "GROUPS",
    "GUIDANCE",
    "GUIDES",
    "LIKELIHOODS",
    "LOSS_WEIGHTS",
    "OPTIMIZERS",
    "PREDICTIONS",
    "PREFERENCES",
    "SCHEDULES",
    "SOLVERS",
    "SOURCES",
    "TIME_SAMPLINGS",
    "Described",
    "Entry",
    "plugin_faults",
]

CATALOGUE: dict[str, Mapping[str, Described]] = {
    "sources": SOURCES,
    "fits": FITS,
    "codecs": CODECS,
    "conditioners": CONDITIONERS,
    "denoisers": DENOISERS,
    "schedules": SCHEDULES,
    "predictions": PREDICTIONS,
    "solvers": SOLVERS,
    "grids": GRIDS,
    "guidance": GUIDANCE,
    "guides": GUIDES,
    "loss-weights": LOSS_WEIGHTS,
    "time-samplings": TIME_SAMPLINGS,
    "optimizers": OPTIMIZERS,
    "finetunes": FINETUNES,
    "extractors": EXTRACTORS,
    "clips": CLIPS,
    "preferences": PREFERENCES,
    "classifiers": CLASSIFIERS,
    "likelihoods": LIKELIHOODS,
    "groups": GROUPS,
    "metrics": Choices("metrics", MetricFamily, {name: FAMILIES[name] for name in TAKEN}),
}
"""What `alphabar list` shows, by topic."""


def plugin_faults() -> list[str]:
    """What is wrong with installed plug-ins, a sentence each."""
    topics = (choices for choices in CATALOGUE.values() if isinstance(choices, Choices))
    return [*(fault for choices in topics for fault in choices.faults()), *unknown_groups()]
