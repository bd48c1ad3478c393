"""A sampling section from what a user gives and what a model brings along."""

from collections.abc import Mapping, Sequence
from typing import Any

from components.errors import AlphabarError, shortened
from components.spec.catalogue import GUIDANCE, GUIDES, SOLVERS
from components.spec.catalogue.entries import Described
from components.spec.catalogue.sampling import OWN_GUIDE, guide_of, reads_negative_prompt
from components.spec.cost import one_prediction
from components.spec.loading import validate
from components.spec.sections.base import OPTIONS
from components.spec.sections.field_text import value_from
from components.spec.sections.sampling import SamplingSpec


def settings_given(
    options: Mapping[str, Any],
    assignments: Sequence[str],
    origin: str,
    own: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The keys of a sampling section that a user gives.

    Args:
        options: key → value, None where the user did not give it.
        assignments: ``key=value`` of any key of the section, over the options.
        origin: what a message calls the place that they come from.
        own: what holds where nothing is given: its solver says what `options` are.

    Raises:
        AlphabarError: an assignment that sets nothing.
    """
    values = {key: value for key, value in options.items() if value is not None}
    of_options: dict[str, str] = {}
    for text in assignments:
        key, equals, value = text.partition("=")
        if not equals:
            raise AlphabarError(f"{origin}: `{shortened(text)}` sets nothing", "write KEY=VALUE")
        field, _, option = key.strip().partition(".")
        if option and field == OPTIONS:
            of_options[option] = value.strip()
        else:
            values[key.strip()] = value_from(value.strip(), SamplingSpec, field)
    if of_options:
        solver = str({**(own or {}), **values}.get("solver"))
        model = SOLVERS.options_of(solver) if solver in SOLVERS else None
        said = {name: value_from(text, model, name) for name, text in of_options.items()}
        values[OPTIONS] = {**values.get(OPTIONS, {}), **said}
    return values


def sampling_of(
    given: Mapping[str, Any], origin: str, own: Mapping[str, Any] | None = None
) -> SamplingSpec:
    """The sampling section of what is ``given`` and, for the rest, of ``own``.

    Args:
        own: what holds where nothing is given, as far as it goes with what is.
        origin: what a message calls the place that they come from.

    Raises:
        AlphabarError: a key that is not one of the section's, or a value out of its range, or
            `auto`, which is measured for experiments alone.
    """
    values = sampling_over(own, given) if own else dict(given)
    # the parts of an experiment that a sampling section may lean on: here they are trained already
    around = {"training": {"ema_snapshots": 1}, "guide": {"training.steps": 1}}
    whole = {"name": "sample", "data": {"source": "digits"}, "sampling": values}
    sampling = validate(around | whole, origin).sampling
    for name, value in (("precision", sampling.precision), ("compile", sampling.compile)):
        if value == "auto":
            raise AlphabarError(
                f"{origin}: `{name}: auto` is measured for the images of an experiment alone",
                f"say which `{name}`, or leave it out",
            )
    return sampling


def sampling_over(own: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """A sampling section: ``given``, and for the rest what of ``own`` still has a meaning.

    A choice takes with it the options that only the old one read; a negative prompt displaces a
    guide that reads none; a scale that was of another kind, or off, gives way to a usual one; and
    where guidance is off, the old negative prompt goes.
    """
    values: dict[str, Any] = {**own, **given}
    own_choices: tuple[tuple[str, Mapping[str, Described], Mapping[str, Described]], ...] = (
        ("solver", SOLVERS, SOLVERS.own),
        ("guidance_kind", GUIDANCE, GUIDANCE),
        ("guide", GUIDES, GUIDES),
    )
    for choice, entries, ours in own_choices:
        chosen = entries.get(str(values.get(choice)))
        if chosen:
            some = {option for entry in ours.values() for option in entry.options}
            idle = some - {*chosen.options, *given}
            values = {key: value for key, value in values.items() if key not in idle}
    if OPTIONS not in given and own.get("solver") != values.get("solver"):
        values.pop(OPTIONS, None)
    if given.get("negative_prompt") and "guide" not in given:
        values["guide"] = OWN_GUIDE
    if "guidance" not in given and _needs_another_scale(own, given, values):
        values["guidance"] = usual_scale(values)
    known = str(values.get("guidance_kind", "cfg")) in GUIDANCE  # a wrong one is refused later
    if "negative_prompt" not in given and known and not reads_negative_prompt(values):
        values.pop("negative_prompt", None)
    return values


def usual_scale(sampling: Mapping[str, Any]) -> float:
    """The guidance scale that suits a sampling section's solver and kind of guidance."""
    if _distilled(sampling):
        return 1.0  # guidance was distilled in
    kind = GUIDANCE.get(str(sampling.get("guidance_kind", "cfg")))  # a wrong one is refused later
    return 2.0 if kind is None else kind.usual


def _distilled(sampling: Mapping[str, Any]) -> bool:
    solver = SOLVERS.get(str(sampling.get("solver")))
    return solver is not None and solver.distilled


def _needs_another_scale(
    own: Mapping[str, Any], given: Mapping[str, Any], values: Mapping[str, Any]
) -> bool:
    changed = {key for key in ("guidance_kind", "solver") if own.get(key) != values.get(key)}
    if "guidance_kind" in changed or ("solver" in changed and _distilled(values)):
        return True
    asked = guide_of(given).another_model or bool(given.get("negative_prompt"))
    return asked and own.get("guidance") == 1 and one_prediction(own)
