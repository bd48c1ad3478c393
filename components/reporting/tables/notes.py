"""What must be known of the figures in a table, a sentence each."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from components.figures.judgement import Figures
from components.figures.protocol import COMPARED
from components.reporting.tables.columns import ordered_metrics
from components.reporting.tables.subject import Subject
from components.reporting.words.naming import count

DIGEST = re.compile(r"\b([0-9a-f]{8})[0-9a-f]{24,}\b")


def about_images(subjects: Sequence[Subject]) -> list[str]:
    """What the evaluations say of their images, each once, with the sets that it is about."""
    found = []
    for note in dict.fromkeys(note for each in subjects for note in each.judgement.notes):
        names = [each.name for each in subjects if note in each.judgement.notes]
        found.append(note if len(names) == len(subjects) else f"{', '.join(names)}: {note}")
    return found


def left_out(subjects: Sequence[Subject], noun: str = "cell") -> list[str]:
    """One sentence for each reason why figures are missing: which, and of how many sets."""
    missing: dict[tuple[str, int], list[str]] = {}
    reasons = Counter(each for subject in subjects for each in subject.judgement.left_out.items())
    for (metric, why), times in reasons.items():
        missing.setdefault((why, times), []).append(metric)
    of = {times: f" of {count(times, noun)}" for _, times in missing if times < len(subjects)}
    return [
        f"not measured{of.get(times, '')}: {', '.join(metrics)} ({why})"
        for (why, times), metrics in missing.items()
    ]


def protocol_notes(rows: Sequence[Figures]) -> list[str]:
    """One sentence for each way in which the rows' protocols differ, with the metrics that it keeps
    from being compared."""
    found: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for metric in ordered_metrics(rows):
        protocols = [figures[metric].compared for figures in rows if metric in figures]
        for part in COMPARED:
            # by the whole value, of which the words may be a part
            distinct = {str(protocol[part]): _words(protocol[part]) for protocol in protocols}
            values = tuple(sorted(distinct.values()))
            if len(values) > 1:
                found.setdefault((part, values), []).append(metric)
    return [_not_comparable(metrics, *how) for how, metrics in found.items()]


def _not_comparable(metrics: Sequence[str], part: str, values: Sequence[str]) -> str:
    differ, between = ("differ", " | ") if part == "settings" else ("differs", ", ")
    what = f"{', '.join(metrics)} {'is' if len(metrics) == 1 else 'are'} not comparable"
    return f"{what}: {part} {differ} ({between.join(values)})"


def _words(value: object) -> str:
    """A part of a protocol: settings as ``k 5, seed 0``, of a digest the first digits."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_words(each)}" for name, each in value.items())
    return DIGEST.sub(r"\1", str(value))
