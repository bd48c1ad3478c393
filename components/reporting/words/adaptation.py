"""Which of two fine-tunes adapts more and which drifts more, in a sentence."""

from components.figures.figure import readable, sign
from components.figures.standing import NOISE, UNLIKE, Standing

NOUNS = {"adapts": "adaptation", "drifts": "drift"}


def adaptation(chosen: str, other: str, gained: Standing | None, drifted: Standing | None) -> str:
    """How the ``chosen`` fine-tune stands to the ``other``; empty where nothing is known of both.

    Args:
        gained: the other's figure of adaptation less that of the chosen one.
        drifted: the other's drift less that of the chosen one.
    """
    parts = [
        _clause(verb, standing, other)
        for verb, standing in (("adapts", gained), ("drifts", drifted))
        if standing is not None and standing.difference is not None and standing.kind != UNLIKE
    ]
    return f"{chosen} {' and '.join(parts)}." if parts else ""


def _clause(verb: str, standing: Standing, other: str) -> str:
    """What the chosen one does more or less than the ``other``, or that noise may be all there is,
    with the numbers.

    It adapts more where its figure is the better one, and drifts more where its figure is higher.
    """
    assert standing.difference is not None
    value, p = standing.difference.value, ""
    better = sign(standing.metric) * value > 0
    more = better if verb == "adapts" else value < 0
    told = f"{verb} {'more' if more else 'less'} than {other}"
    how, near = standing.how, "within the intervals"
    if standing.paired:
        near, p = "within noise", f", p {standing.p_text()}"
    if standing.kind == NOISE:
        told, how = f"cannot be told from {other} in {NOUNS[verb]}", near
    by = f"{'lower' if value > 0 else 'higher'} by {standing.size()}"
    return f"{told} ({readable(standing.metric)} {by}, {how}{p})"
