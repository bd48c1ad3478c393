"""The order in which stages run, whoever runs them: that of the plan."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from components.spec.plan import Node

End = TypeVar("End")
"""What stands for the end of a stage run that was started: a future."""


def start_in_order(
    nodes: Iterable[Node], start: Callable[[Node, list[End]], End], ends: dict[str, End]
) -> None:
    """Start ``nodes``, inputs first, each with the ends of what it reads.

    Args:
        ends: key → end of what was started before; those of ``nodes`` are added.
    """
    for node in nodes:
        ends[node.key] = start(node, [ends[n.key] for n in node.inputs.values() if n.key in ends])
