"""The order in which stages run, whoever runs them: inputs first, and what takes longest early."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from graphlib import TopologicalSorter
from heapq import heappop, heappush
from queue import SimpleQueue
from typing import Any, Protocol, TypeVar

from components.spec.cost import stage_cost
from components.spec.plan import Node, longest_ways

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
    by_key, rank = {node.key: node for node in nodes}, _ranks(nodes)
    graph = TopologicalSorter({key: _inputs(node) & rank.keys() for key, node in by_key.items()})
    graph.prepare()
    ready: list[tuple[_Rank, str]] = []
    ended: SimpleQueue[str] = SimpleQueue()
    started = going = 0
    while started < len(by_key):
        for key in graph.get_ready():
            heappush(ready, (rank[key], key))
        if not ready or going >= most:
            graph.done(ended.get())
            going -= 1
            continue
        _, key = heappop(ready)
        started, going = started + 1, going + 1
        start_in_order([by_key[key]], start, ends)
        ends[key].add_done_callback(partial(_tell, ended, key))


def widest(nodes: Sequence[Node]) -> int:
    """How many of ``nodes``, inputs first, may go on at once: the most that are as many stages away
    from those that begin."""
    return max(Counter(longest_ways(nodes, lambda _: 1).values()).values(), default=0)


_Rank = tuple[bool, int, int]
"""What is lower begins first: whether it asks a network, less the evaluations on the longest way
from it, its place in the plan."""


def _ranks(nodes: Sequence[Node]) -> dict[str, _Rank]:
    own = {node.key: stage_cost(node).evaluations for node in nodes}
    after = dict.fromkeys(own, 0)
    for node in reversed(nodes):
        for key in _inputs(node) & own.keys():
            after[key] = max(after[key], own[node.key] + after[node.key])
    return {key: (own[key] > 0, -own[key] - after[key], place) for place, key in enumerate(own)}


def _tell(ended: SimpleQueue[str], key: str, _: object) -> None:
    ended.put(key)


def _inputs(node: Node) -> set[str]:
    return {source.key for source in node.inputs.values()}
