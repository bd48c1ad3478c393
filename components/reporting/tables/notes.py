"""What must be known of the figures in a table, a sentence each."""

from collections import Counter
from collections.abc import Sequence

from components.figures.judgement import Figures
from components.figures.protocol import COMPARED
from components.reporting.tables.columns import ordered_metrics
from components.reporting.tables.subject import Subject
from components.reporting.words.naming import count


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
    """One sentence for each part of the protocol in which the rows of a metric differ."""
    notes = []
    for metric in ordered_metrics(rows):
        protocols = [figures[metric].compared for figures in rows if metric in figures]
        for part in COMPARED:
            values = sorted({str(protocol[part]) for protocol in protocols})
            if len(values) > 1:
                notes.append(f"{metric} is not comparable: {part} differs ({', '.join(values)})")
    return notes
