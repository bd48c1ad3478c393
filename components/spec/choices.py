"""The choices of one topic: our own, and those of plug-ins."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Generic, TypeVar

from pydantic import BaseModel

from components.errors import AlphabarError
from components.spec import plugins

if TYPE_CHECKING:
    from components.spec.catalogue.entries import Described

E = TypeVar("E", bound="Described")


class Choices(Mapping[str, E], Generic[E]):
    """Name → entry. A plug-in's record is imported when its entry is asked for.

    It goes through the sound ones; a broken plug-in's name is known, and its entry an error.

    Args:
        topic: as `alphabar list` has it; plug-ins are in the group ``alphabar.<topic>``.
        kind: what an entry is.
        own: alphabar's, without plug-ins.
    """

    def __init__(self, topic: str, kind: type[E], own: dict[str, E]) -> None:
        self.topic, self.own, self._kind = topic, own, kind

    def __getitem__(self, name: str) -> E:
        """Raises AlphabarError: a plug-in is broken, or two choices have that name."""
        if name in self.own:
            if name in plugins.installed(self.topic):
                raise plugins.clash(self.topic, name)
            return self.own[name]
        return self._plugin(name).entry  # type: ignore[return-value]  # `record` has seen to it

    def __contains__(self, name: object) -> bool:
        return name in self.own or name in plugins.installed(self.topic)

    def __iter__(self) -> Iterator[str]:
        names = dict.fromkeys([*self.own, *plugins.installed(self.topic)])
        return (name for name in names if self._fault(name) is None)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def options_of(self, name: str) -> type[BaseModel] | None:
        """The model of a plug-in's options; None for our own, whose options are the section's."""
        return None if name in self.own else self._plugin(name).options

    def packages(self, name: str) -> dict[str, str]:
        """The package that brings a choice, and its version; empty for our own."""
        return plugins.packages(self.topic, name)

    def faults(self) -> list[str]:
        """What is wrong with plug-ins of this topic, a sentence each."""
        found = (self._fault(name) for name in plugins.installed(self.topic))
        return [fault for fault in found if fault is not None]

    def _fault(self, name: str) -> str | None:
        try:
            self[name]
        except AlphabarError as error:
            return f"{error.what}: {error.remedy}"
        return None

    def _plugin(self, name: str) -> plugins.Plugin:
        if name not in plugins.installed(self.topic):
            raise KeyError(name)
        return plugins.record(self.topic, name, self._kind)
