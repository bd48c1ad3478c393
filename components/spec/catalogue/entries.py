"""What the catalogue says of a choice: words for all, and the facts that each kind is asked for.

Whoever must know something of a schedule, a solver or an encoder asks its entry, never its name.
None of it needs torch.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol


class Described(Protocol):
    """What every entry has.

    Attributes:
        line: what it is.
        source: author and year.
        options: keys of the same section of the experiment file that only some choices read.
    """

    @property
    def line(self) -> str: ...

    @property
    def source(self) -> str: ...

    @property
    def options(self) -> tuple[str, ...]: ...


@dataclass(frozen=True)
class Entry:
    """A choice of which nothing else need be known."""

    line: str
    source: str
    options: tuple[str, ...] = ()


@dataclass(frozen=True)
class Licence:
    """Under what terms data or weights are given on.

    Attributes:
        name: as people write it.
        hub: as Hugging Face's model cards write it; empty where it has no word for it.
        url: of its text.
        attribution: who is to be named, in their own words.
        terms: what it asks of whoever gives on what was made with them.
    """

    name: str
    hub: str = ""
    url: str = ""
    attribution: str = ""
    terms: str = ""


@dataclass(frozen=True)
class ScheduleEntry:
    """A noise schedule.

    Attributes:
        needs: options without which there is none.
        not_rescaled: why it cannot be rescaled to end at SNR 0; None where it can.
        not_shifted: why its SNR cannot be divided; None where it can.
        ends_at_zero: whether its SNR is 0 at the noisiest time, whatever its options.
    """

    line: str
    source: str
    options: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    not_rescaled: str | None = None
    not_shifted: str | None = None
    ends_at_zero: bool = False


@dataclass(frozen=True)
class PredictionEntry:
    """What a network predicts.

    Attributes:
        needs_signal: whether it says nothing about the image where the SNR is 0.
        diffusers: what its schedulers call it; None where they do not know it.
    """

    line: str
    source: str
    options: tuple[str, ...] = ()
    needs_signal: bool = False
    diffusers: str | None = None


@dataclass(frozen=True)
class TimesEntry:
    """Which times are trained at.

    Attributes:
        normal: mean and deviation of its authors, where it has them.
    """

    line: str
    source: str
    options: tuple[str, ...] = ()
    normal: tuple[float | None, float | None] = (None, None)


Calls = Callable[[Mapping[str, Any]], int]
"""A sampling section → how often the denoiser is asked for an image."""


def once_a_step(sampling: Mapping[str, Any]) -> int:
    """One evaluation a step."""
    return int(sampling["steps"])


@dataclass(frozen=True)
class SolverEntry:
    """A solver.

    Attributes:
        calls: what it costs; about so much, where it is ``adaptive``.
        adaptive: whether it chooses its own steps.
        draws_noise: whether it draws noise on its way, its options being at their defaults.
        to_level: whether each step ends in α x0 + σ ε, which guidance `cfgpp` asks for.
        reversible: whether it can be run backwards without noise (η 0).
        distilled: whether it draws from models that have taken guidance in.
        diffusers_order: of diffusers' DPM-Solver++ that draws the same; None where it has none.
    """

    line: str
    source: str
    options: tuple[str, ...] = ()
    calls: Calls = once_a_step
    adaptive: bool = False
    draws_noise: bool = False
    to_level: bool = False
    reversible: bool = False
    distilled: bool = False
    diffusers_order: int | None = None


@dataclass(frozen=True)
class CodecEntry:
    """What stands between images and the process.

    Attributes:
        levels: where the process works on an image's own pixels: how many values each has, at
            equal distances from −1 to 1. None for latents, whose values are continuous and whose
            places are no pixels.
        downsample: its section → how many times smaller what the process works on is, a side;
            None where the section does not say.
        learnt: whether a stage makes its weights before a denoiser is trained.
    """

    line: str
    source: str
    options: tuple[str, ...] = ()
    levels: int | None = None
    downsample: Callable[[Mapping[str, Any]], int | None] = lambda section: 1
    learnt: bool = False


@dataclass(frozen=True)
class SourceEntry:
    """Where images come from.

    Attributes:
        styles: paired styles of the same drawings; the first one decides the split.
        named: whether it is the user's own, added under a name.
        vector: whether images are SVG drawings, rendered at the size that is asked for.
        square: whether all of them are.
        channels: of all of them, 1 for grey and 3 for RGB; None where their files say it.
        licence: of the images; None for the user's own, which say so themselves.
    """

    line: str
    source: str
    options: tuple[str, ...] = ()
    styles: tuple[str, ...] = ()
    named: bool = False
    vector: bool = False
    square: bool = False
    channels: int | None = None
    licence: Licence | None = None


@dataclass(frozen=True)
class FitEntry:
    """How an image that is not square becomes one.

    Attributes:
        done: what has then been done to it.
    """

    line: str
    source: str
    done: str
    options: tuple[str, ...] = ()


@dataclass(frozen=True)
class ConditionerEntry:
    """What the network is told about an image.

    Attributes:
        labels: whether it is told the image's class, so that the data must have classes.
        captions: whether it is told the image's caption.
        token_limit: tokens that its encoder reads of a text; None where it counts none, or where
            its folder says how many.
        width: of its token states, where no folder says it.
        whole: whether it names all encoders of a pipeline at once.
        joins: whether two such encoders can be read side by side.
        licence: of its encoder's weights, where they come with a package.
        stored: whether the stage `encode` makes its text states of the data's captions, once.
        trained: whether fine-tunes may train its encoders' layers.
    """

    line: str
    source: str
    options: tuple[str, ...] = ()
    labels: bool = False
    captions: bool = False
    token_limit: int | None = None
    stored: bool = False
    trained: bool = False
    joins: bool = False
    width: int | None = None
    whole: bool = False
    licence: Licence | None = None

    @property
    def conditional(self) -> bool:
        """Whether it is told anything."""
        return self.labels or self.captions


@dataclass(frozen=True)
class DenoiserEntry:
    """A denoising network.

    Attributes:
        unfit: (network section, side of what it works on) → why it cannot; None where it can.
        unsound: (network section, whether captions are read) → what does not fit; None if all does.
        attended: network section → channels of its widest attention; None where that is not known.
        foreign: whether others have trained it, so that a folder says what it is.
    """

    line: str
    source: str
    options: tuple[str, ...] = ()
    unfit: Callable[[Mapping[str, Any], int], str | None] = lambda section, size: None
    unsound: Callable[[Mapping[str, Any], bool], str | None] = lambda section, captions: None
    attended: Callable[[Mapping[str, Any]], int | None] = lambda section: None
    foreign: bool = False
