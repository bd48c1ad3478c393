"""Settings in words: how cells, networks and samplers are called on the page."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from components.spec.catalogue import SOLVERS
from components.spec.sections.evaluation import SEEN
from components.spec.sections.sampling import SamplingSpec
from components.spec.sweep import PROMPTS, is_of_network

OPTIONS = {option for entry in SOLVERS.own.values() for option in entry.options}
"""The sampling options that only some solvers read."""
CAPITALS = ("snr", "ema")

QUOTED = 4
"""Prompts that are named one by one."""


def phrase(path: str, value: object) -> str:
    """A setting where nothing around it says which it is: ``schedule cosine``, ``10 steps``.

    Args:
        path: dotted, as in the experiment file.
        value: its value there.
    """
    name = leaf_words(path)
    if path == "sampling.solver":
        return str(value)
    if path == PROMPTS:
        return _asked(value)
    if path.endswith(".steps") and isinstance(value, int):
        return count(value, "step" if path == "sampling.steps" else f"{path[:-6]} step")
    if isinstance(value, bool):
        return name if value else f"no {name}"
    return f"no {name}" if value in (None, "") else f"{name} {_plain(value)}"


def value_words(path: str, value: object) -> str:
    """A setting's value where the text around names the setting: ``cosine``, ``10 steps``."""
    plain = isinstance(value, str) and value and path != PROMPTS
    return str(value) if plain else phrase(path, value)


def leaf_words(path: str) -> str:
    """The last part of a dotted path: ``zero terminal SNR`` of ``process.zero_terminal_snr``."""
    words = path.rpartition(".")[2].split("_")
    return " ".join(word.upper() if word in CAPITALS else word for word in words)


def sampler_name(
    sampling: Mapping[str, Any],
    settings: Sequence[Mapping[str, Any]],
    without: tuple[str, ...] = (),
) -> str:
    """The fields of ``sampling`` that differ among ``settings``, in words.

    Options that the solver does not read are left out. Without any difference the guidance names
    the sampler, unless ``without`` asks for a part of the name only.
    """
    names = [n for n in varying(settings) if n not in without and is_read(n, sampling["solver"])]
    if not names and not without:
        names = ["guidance"]
    names.sort(key=lambda name: name != "guidance")  # what is compared comes first
    return ", ".join(phrase(f"sampling.{name}", _of(sampling, name)) for name in names)


def _of(sampling: Mapping[str, Any], name: str) -> Any:
    """A key's value; what is at its default may not be there, such as `adapter_scale`."""
    return sampling.get(name, SamplingSpec.model_fields[name].default)


def model_name(planned: Mapping[str, Any]) -> str:
    """The network of a planned cell in words: what it overrides beside its sampling."""
    overrides = planned["overrides"].items()
    words = [phrase(p, v) for p, v in overrides if is_of_network(p)]
    return ", ".join(words) or f"schedule {planned['schedule']}"


def line_name(model: str, sampler: str, several: bool) -> str:
    """A line or row of cells: the network where there are several, and the sampler if it has one.

    Args:
        model: the network's name; alone where nothing else is to be said.
        sampler: what else is to be said.
        several: whether there are several networks.
    """
    return joined(model if several or not sampler else "", sampler)


def joined(*words: str) -> str:
    """``a, b``, without those that are empty."""
    return ", ".join(filter(None, words))


def varying(settings: Sequence[Mapping[str, Any]]) -> list[str]:
    """The keys whose values are not the same in all of ``settings``, in the first one's order, then
    those that it lacks."""
    keys = dict.fromkeys(key for each in settings for key in each)
    first = settings[0] if settings else {}
    return [key for key in keys if any(other.get(key) != first.get(key) for other in settings)]


def is_read(option: str, solver: str) -> bool:
    """Whether ``solver`` reads this key of the sampling section."""
    return option not in OPTIONS or (solver in SOLVERS and option in SOLVERS[solver].options)


def count(number: int, noun: str) -> str:
    """``1 step``, ``2 steps``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def cost(evaluations: float | None) -> str:
    """Network evaluations an image, to a tenth where a solver chooses its own steps."""
    return "" if evaluations is None else f"{round(evaluations, 1):g}"


def evaluations_words(evaluations: float) -> str:
    """``1 evaluation``, ``57.3 evaluations``."""
    return f"{cost(evaluations)} evaluation{'' if evaluations == 1 else 's'}"


def listed(words: Iterable[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last


def quoted(texts: Sequence[str]) -> str:
    """``“a”, “b” and 3 more``."""
    shown = [f"“{text}”" for text in texts[:QUOTED]]
    more = len(texts) - len(shown)
    return listed([*shown, *([f"{more} more"] if more else [])])


def capital(text: str) -> str:
    """``text`` with a capital at its start."""
    return text[:1].upper() + text[1:]


def _asked(prompts: object) -> str:
    """What images were asked for by."""
    if prompts is None:
        return "held-out captions"
    return "training captions" if prompts == SEEN else f"prompts of {prompts}"


def _plain(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
