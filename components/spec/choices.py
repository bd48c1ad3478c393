"""The choices of one topic: our own, and those of plug-ins."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from itertools import chain
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pydantic import BaseModel

from components.errors import AlphabarError
from components.spec import plugins

if TYPE_CHECKING:
    from components.spec.catalogue.entries import Described

E = TypeVar("E", bound="Described")


class Choices(Mapping[str, E], Generic[E]):
    """Name → entry. A plug-in's record is imported when its entry is asked for.

    It goes through the sound ones; a broken plug-in's name is known, and its entry an error. Our
    own names are ours, also where a plug-in takes one.

    Args:
        topic: as `alphabar list` has it; plug-ins are in the group ``alphabar.<topic>``.
        kind: what an entry is.
        own: alphabar's, without plug-ins.
        listed: a name as a user writes it → as it is listed, where names have parts of the
            user's own.
    """

    def __init__(
        self,
        topic: str,
        kind: type[E],
        own: dict[str, E],
        listed: Callable[[str], str] = lambda name: name,
    ) -> None:
        self.topic, self.own, self.listed, self._kind = topic, own, listed, kind

    def __getitem__(self, name: str) -> E:
        """Raises AlphabarError: a plug-in is broken, or two have that name."""
        if self._is_own(name):
            return self.own[self.listed(name)]
        return self._plugin(name).entry  # type: ignore[return-value]  # `record` has seen to it

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and (
            self._is_own(name) or name in plugins.installed(self.topic)
        )

    def __iter__(self) -> Iterator[str]:
        brought = (name for name in plugins.installed(self.topic) if name not in self.own)
        return chain(self.own, (name for name in brought if self._fault(name) is None))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def options_of(self, name: str) -> type[BaseModel] | None:
        """The model of a plug-in's options; None for our own, whose options are the section's."""
        return None if self._is_own(name) else self._plugin(name).options

    def refuse_clash(self, name: str) -> None:
        """Raise AlphabarError where a plug-in takes a name of our own."""
        if name in self.own and name in plugins.installed(self.topic):
            raise plugins.clash(self.topic, name)

    def function(self, name: str, section: Mapping[str, Any]) -> Callable[..., Any] | None:
        """The function of a plug-in with the section's ``options`` bound to it; None for our own.

        Raises:
            AlphabarError: it cannot be imported, or is no function.
        """
        return None if self._is_own(name) else plugins.plugin(self.topic, name, section)

    @contextmanager
    def naming(self, name: str) -> Iterator[None]:
        """Within, whatever a plug-in's code raises is an AlphabarError that names the plug-in."""
        with nullcontext() if self._is_own(name) else plugins.naming(self.topic, name):
            yield

    def packages(self, name: str) -> dict[str, str]:
        """The package that brings a choice, and its version; empty for our own."""
        return {} if self._is_own(name) else plugins.packages(self.topic, name)

    def faults(self) -> list[str]:
        """What is wrong with plug-ins of this topic, a sentence each."""
        found = (self._fault(name) for name in plugins.installed(self.topic))
        return [fault for fault in found if fault is not None]

    def _is_own(self, name: str) -> bool:
        return self.listed(name) in self.own

    def _fault(self, name: str) -> str | None:
        try:
            self.refuse_clash(name)
            self[name]
        except AlphabarError as error:
            return f"{error.what}: {error.remedy}"
        return None

    def _plugin(self, name: str) -> plugins.Plugin:
        if name not in plugins.installed(self.topic):
            raise KeyError(name)
        return plugins.record(self.topic, name, self._kind)
