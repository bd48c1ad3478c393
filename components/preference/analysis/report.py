"""The report of a study as Otani et al. (2023) ask for it: filled as far as the study knows, with
blanks for what only its owner does."""

from collections.abc import Iterator, Sequence
from html import escape

from components.figures.study_figures import ALPHA, COUNTED, Finding, StudyFigures
from components.preference.analysis.opened import Study

MARKS = "\\`*_[]|#"

BLANK = "*to be filled by you*"

OWN = (
    ("Who was asked", "where people were found, and how many were turned away"),
    ("Qualification", "language, eyesight, training, earlier approval"),
    ("Payment", "an hour, and whether it is above the local minimum"),
    ("Consent and ethics", "what people agreed to, and whose approval there was"),
    ("Device", "screens, whether phones were allowed"),
)
"""What the tool cannot know: heading → what belongs there."""


def report(study: Study, figures: StudyFigures) -> str:
    """The report in Markdown."""
    return "\n".join([*_head(study, figures), *_answers(study, figures), *_results(figures)]) + "\n"


def _head(study: Study, figures: StudyFigures) -> Iterator[str]:
    about = study.about
    yield f"# Report of the study {plain(about.name)}"
    yield ""
    if about.simulated:
        yield "**Simulated: no person answered this study. Nothing here is about people.**"
        yield ""
    yield (
        "Fields after Otani et al. (2023), who found most of them missing in 37 papers. "
        "`alphabar study analyze` writes this file anew: fill a copy of it."
    )
    yield ""
    yield "## People"
    yield ""
    for heading, what in OWN:
        yield f"- {heading}: {BLANK} ({what})"
    yield f"- How many answered: {figures.progress.people}"
    yield ""
    yield "## Task"
    yield ""
    images = "two images side by side" if about.kind == "pairwise" else "one image"
    yield f"- Shown: {images}; order, sides and repeats of each person from seed {about.seed}"
    for name, words in about.questions.items():
        yield f"- Question `{plain(name)}`: {plain(words)}"
    yield f"- Instructions beyond the question: {BLANK}"
    yield f"- Models: {', '.join(plain(name) for name in about.models)} (the first is the baseline)"
    what = "Pairs" if about.kind == "pairwise" else "Images"
    yield f"- {what}: {about.pairs}, each judged by {about.raters or 'all'}"
    hidden = f"{about.repeats} hidden repeats and {about.checks} attention checks"
    yield f"- Of each person besides: {hidden}"
    yield f"- Shortest look: {about.least_seconds:g} s"
    if about.brief_seconds:
        yield f"- Seen for: {about.brief_seconds:g} s"
    yield ""


def _answers(study: Study, figures: StudyFigures) -> Iterator[str]:
    progress = figures.progress
    yield "## Answers"
    yield ""
    planned = f" of {progress.planned} planned" if progress.planned else ""
    for question, came in progress.came.items():
        yield f"- `{plain(question)}`: {came}{planned}, {progress.counted[question]} counted"
    if not progress.finished:
        yield f"- {progress.missing} answers are missing"
    yield f"- The result was looked at before the planned end: {plain(progress.looked)}"
    for note in figures.notes:
        if note.startswith("slot "):
            yield f"- {plain(note)}"
    out = [each for each in figures.people if each.excluded]
    yield f"- People excluded: {len(out)}"
    for each in out:
        yield f"  - {plain(each.name)}: {plain(each.excluded)}"
    flagged = sum(each.flagged for each in figures.people)
    yield f"- People whom the stated rule takes for random clickers: {flagged}"
    yield f"- {ALPHA}"
    for name, words in (
        ("alpha", "Krippendorff's α, nominal"),
        ("consistency", "Hidden repeats answered as at first"),
        ("left", "Left image chosen"),
        ("checks_failed", "Attention checks failed"),
        ("seconds", "Median seconds a choice"),
    ):
        yield from _listed(words, figures.found(name, view=COUNTED))
    if len(figures.questions) > 1:
        yield "- Attention checks and hidden repeats count once for each question"
    yield ""


def _results(figures: StudyFigures) -> Iterator[str]:
    yield "## Results"
    yield ""
    if not figures.progress.told:
        yield "None is told before the planned answers are there."
        return
    level = f"{100 * figures.confidence:g} %"
    yield (
        f"Value [low, high] with {level} intervals about other people and other prompts (two-way "
        f"clustered); bootstraps with {figures.draws} draws from seed {figures.seed}."
    )
    yield ""
    for name, words in (
        ("win_rate", "Win rate, ties apart"),
        ("win_rate_always", "Always-valid interval of it"),
        ("ties", "Ties"),
        ("both_bad", "Both bad"),
        ("error_rate", "Error rate"),
        ("hits", "Real images called real"),
        ("false_alarms", "Generated images called real"),
    ):
        yield from _listed(words, figures.found(name, view=COUNTED, group=""))
    before = figures.found("win_rate", "error_rate", view="all", group="")
    yield from _listed("Before exclusions", before)
    yield from _listed(
        "Without flagged people",
        figures.found("win_rate", "error_rate", view="careless out", group=""),
    )


def _listed(words: str, found: Sequence[Finding]) -> Iterator[str]:
    for each in found:
        of = f" of {plain(each.model)}" if each.model and each.name != "hits" else ""
        of += f" over {plain(each.against)}" if each.against else ""
        asked = f" (`{plain(each.question)}`)" if each.question else ""
        yield f"- {words}{of}{asked}: {told(each)}"


def told(finding: Finding) -> str:
    """A finding in one line."""
    if finding.value is None:
        return plain(finding.note) or "none"
    ends = ""
    if finding.low is not None and finding.high is not None:
        ends = f" [{finding.low:.3f}, {finding.high:.3f}]"
    more = f", p = {finding.p_value:.3g}" if finding.p_value is not None else ""
    holm = f" (Holm {finding.p_adjusted:.3g})" if finding.p_adjusted is not None else ""
    return f"{finding.value:.3f}{ends}, of {finding.answers} answers{more}{holm}"


def plain(text: str) -> str:
    """A text that Markdown and HTML leave as it is, in one line."""
    line = " ".join(text.split())
    return "".join(f"\\{e}" if e in MARKS else escape(e, quote=False) for e in line)
