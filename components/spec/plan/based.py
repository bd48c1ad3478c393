"""The model that is there already, as a stage: from then on it is like one that was trained."""

from typing import TYPE_CHECKING, Any

from components.spec.plan.encoded import digests_of
from components.spec.plan.node import Node, dump

if TYPE_CHECKING:
    from components.spec.plan.sources import Sources

PARTS = ("conditioning", "network", "process")


def base(sources: "Sources") -> Node:
    """The stage `base`: the model of `finetune.base` in the store, known by its content.

    Where it lies is in no key. One in diffusers' format becomes a model of images of the data's
    size.
    """
    experiment = sources.cell.experiment
    assert experiment.base is not None
    found = sources.outside.base(experiment.base)
    spec: dict[str, Any] = {"codec": {"kind": experiment.codec.kind}}
    spec |= {part: dump(getattr(experiment, part)) for part in PARTS}
    spec["conditioning"] |= digests_of(sources)
    spec |= {"base": {"sha256": found["sha256"]}, "size": experiment.data.size}
    if found["licences"]:
        spec["licences"] = found["licences"]
    reads = ("finetune.base", "data.size", "codec.kind", *PARTS)
    aside = {"base": {"name": experiment.base}}
    return Node("base", "base", spec, {}, unkeyed=aside, reads=reads)
