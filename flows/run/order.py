"""The order in which stages run, whoever runs them: inputs first, and what takes longest early."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from queue import SimpleQueue
from typing import Any, Protocol, TypeVar

from components.spec.cost import stage_cost
from components.spec.plan import Node

End = TypeVar("End")
"""What stands for the end of a stage run that was started: a future."""


class Future(Protocol):
    """An end that says when it has come."""

    def add_done_callback(self, fn: Callable[[Any], None]) -> object: ...


Told = TypeVar("Told", bound=Future)


def start_in_order(
    nodes: Iterable[Node], start: Callable[[Node, list[End]], End], ends: dict[str, End]
) -> None:
    """Start ``nodes``, inputs first, each with the ends of what it reads.

    Args:
        ends: key → end of what was started before; those of ``nodes`` are added.
    """
    for node in nodes:
        ends[node.key] = start(node, [ends[n.key] for n in node.inputs.values() if n.key in ends])


def start_when_ready(
    nodes: Sequence[Node],
    start: Callable[[Node, list[Told]], Told],
    ends: dict[str, Told],
    most: int,
) -> None:
    """As `start_in_order`, but each when it can begin: what it reads has ended, however, and fewer
    than ``most`` of ``nodes`` go on. Among several a stage without network evaluations is the next
    (others wait for it, or it ends a cell), then the one with the most of them before it and what
    follows it end (the highest level first; Hu, 1961), then the plan's order. Returns when
    the last one is started.
    """
    rank = _ranks(nodes)
    waiting, going = {node.key: node for node in nodes}, set[str]()
    ended: SimpleQueue[str] = SimpleQueue()
    while waiting:
        unended = waiting.keys() | going
        ready = [n for n in waiting.values() if not _inputs(n) & unended]
        if not ready or len(going) >= most:
            going.remove(ended.get())
            continue
        chosen = max(ready, key=lambda n: rank[n.key])  # of equals the first
        key = chosen.key
        del waiting[key]
        going.add(key)
        start_in_order([chosen], start, ends)
        ends[key].add_done_callback(partial(_tell, ended, key))


def widest(nodes: Sequence[Node]) -> int:
    """How many of ``nodes``, inputs first, may go on at once: the most that are as many stages away
    from those that begin."""
    depth: dict[str, int] = {}
    for node in nodes:
        before = [depth[key] for key in _inputs(node) if key in depth]
        depth[node.key] = 1 + max(before, default=-1)
    return max(Counter(depth.values()).values(), default=0)


def _ranks(nodes: Sequence[Node]) -> dict[str, tuple[bool, int]]:
    """Key → whether the stage asks no network, and the evaluations on the longest way from it."""
    own = {node.key: stage_cost(node).evaluations for node in nodes}
    after = dict.fromkeys(own, 0)
    for node in reversed(nodes):
        for key in _inputs(node) & own.keys():
            after[key] = max(after[key], own[node.key] + after[node.key])
    return {key: (not own[key], own[key] + after[key]) for key in own}


def _tell(ended: SimpleQueue[str], key: str, _: object) -> None:
    ended.put(key)


def _inputs(node: Node) -> set[str]:
    return {source.key for source in node.inputs.values()}
