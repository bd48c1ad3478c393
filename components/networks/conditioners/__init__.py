"""What the network is told about an image, by name. To add one: its file, its line here and in
the catalogue."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from components.networks.conditioners.class_label import class_label
from components.networks.conditioners.conditioner import Conditioner, Given
from components.networks.conditioners.in_folders import clip, t5, two_clips
from components.networks.conditioners.minilm import minilm
from components.networks.conditioners.pipeline import of_pipeline
from components.networks.conditioners.text import TextCondition
from components.networks.conditioners.unconditional import unconditional
from components.spec.catalogue import CONDITIONERS as CATALOGUE_CONDITIONERS

Make = Callable[..., Conditioner]
"""``make(given, **options)``: the options are those keys of the section that it names."""

CONDITIONERS: dict[str, Make] = {
    "none": unconditional,
    "class": class_label,
    "minilm": minilm,
    "clip:DIR_OR_ID": clip,
    "t5:DIR_OR_ID": t5,
    "clip:A + clip:B": two_clips,
    "pipeline:DIR_OR_ID": of_pipeline,
}


def build_conditioner(section: Mapping[str, Any], given: Given) -> Conditioner:
    """The conditioner of a ``conditioning`` section.

    Raises:
        AlphabarError: the data lacks what it is told, or ``given.states`` are not its encoder's.
    """
    name = section["encoder"]
    make = CATALOGUE_CONDITIONERS.function(name, section)
    make = make or CONDITIONERS[CATALOGUE_CONDITIONERS.listed(name)]
    bound = getattr(make, "keywords", ())
    named = [name for name in inspect.signature(make).parameters if name not in bound]
    options = [name for name in named if name in section]
    made = make(given, **{name: section[name] for name in options})
    if given.states is None:
        return made
    assert isinstance(made, TextCondition), "the plan has no states for it"
    return made.with_states(given.states)


__all__ = ["CONDITIONERS", "Conditioner", "Given", "build_conditioner"]
