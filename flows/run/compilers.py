"""Whether what a plan would compile can be compiled on this machine."""

from collections.abc import Iterable

from components.errors import AlphabarError
from components.spec.plan import Node
from components.spec.plan.auto import ON, SAMPLING, TRAINING
from components.store import Store
from flows.run.machine import cpp_compiler


def refuse_without_compiler(nodes: Iterable[Node], store: Store) -> None:
    """Raise AlphabarError where a stage of ``nodes`` that is still to run is to compile its network
    and there is no C++ compiler."""
    if cpp_compiler() is not None:
        return
    for node in nodes:
        for part in (TRAINING, SAMPLING):
            section = node.spec.get(part)
            if isinstance(section, dict) and section.get("compile") == ON and not store.has(node):
                raise AlphabarError(
                    f"`{part}.compile: on`: torch.compile finds no C++ compiler",
                    f"install g++, or say where it is in CXX, or use `{part}.compile: off`",
                )
