"""Whether the samples of two models can be shown side by side."""

from components.errors import AlphabarError
from components.files.samples import SampleRow, Samples

PROMPT = ("class_index", "label", "caption", "group")
"""What a row was asked for."""


def check_matched(one: Samples, other: Samples, *, seeds: bool = True) -> None:
    """Raise AlphabarError unless row k of both was asked for the same class and caption.

    Args:
        seeds: whether both must be of one seed, too.
    """
    remedy = "sample both models with the same settings and seeds"
    if len(one.rows) != len(other.rows):
        counts = f"{len(one.rows)} against {len(other.rows)}"
        raise AlphabarError(f"the models have unlike numbers of samples: {counts}", remedy)
    names = ("index", "seed", *PROMPT) if seeds else PROMPT
    for a, b in zip(one.rows, other.rows, strict=True):
        if unlike := _difference(a, b, names):
            what = f"the samples of the two models do not match at index {a.index}: {unlike}"
            raise AlphabarError(what, remedy)


def _difference(one: SampleRow, other: SampleRow, names: tuple[str, ...]) -> str:
    return ", ".join(
        f"{name.replace('_index', '')} {getattr(one, name)!r} against {getattr(other, name)!r}"
        for name in names
        if getattr(one, name) != getattr(other, name)
    )
