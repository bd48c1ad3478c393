"""What frozen networks make of the data that is trained on, each a node of the stage `encode`."""

from typing import TYPE_CHECKING

from components.spec.catalogue import CONDITIONERS
from components.spec.plan.node import Node, dump, roles

if TYPE_CHECKING:
    from components.spec.plan.sources import Sources

NOT_OF_TEXT = ("dropout",)
"""Keys of the section `conditioning` that change no text states."""


def encoded(sources: "Sources", data: Node) -> dict[str, Node]:
    """Inputs of a training on ``data`` by role: latents with their autoencoder, and text states,
    where its codec and its conditioner have some."""
    return sources.latents(data) | roles(text=text_states(sources, data))


def text_states(sources: "Sources", data: Node) -> Node | None:
    """The captions of ``data`` as the conditioner's encoder has them, where it reads any."""
    conditioning = sources.cell.experiment.conditioning
    if not CONDITIONERS[conditioning.encoder].stored:
        return None
    read = {key: value for key, value in dump(conditioning).items() if key not in NOT_OF_TEXT}
    reads = tuple(f"conditioning.{key}" for key in read)
    told = read | digests_of(sources)
    name = data.name.replace("prepare", "encode-text") + sources.suffixed(*reads)

    def make() -> Node:
        return sources.computed(name, "encode", {"conditioning": told}, {"data": data}, reads)

    return sources.once(name, make, of=("data", *reads))


def digests_of(sources: "Sources") -> dict[str, list[str]]:
    """What keys have of the folders that captions are read with, beside their names; nothing where
    the encoder comes with a package."""
    found = sources.outside.encoders(sources.cell.experiment.conditioning.encoder)
    return {"digests": found} if found else {}
