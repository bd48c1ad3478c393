"""A study's figures in words."""

from collections.abc import Iterator

from components.errors import number_of
from components.figures.study_figures import COUNTED, Finding, Progress, StudyFigures

CALLED = {
    "win_rate": "win rate",
    "error_rate": "error rate",
    "hits": "real images called real",
    "false_alarms": "generated images called real",
    "ties": "ties",
    "both_bad": "both bad",
    "alpha": "Krippendorff’s α, nominal",
    "alpha_ordinal": "Krippendorff’s α, ordinal",
    "consistency": "repeats answered as at first",
    "left": "left image chosen (side bias: apart from 50 %)",
    "checks_failed": "attention checks failed",
    "seconds": "seconds a choice, the median person",
    "bradley_terry": "Bradley–Terry worth",
    "bradley_terry_pseudo": "Bradley–Terry worth with pseudo-answers",
    "davidson": "Davidson worth",
    "davidson_pseudo": "Davidson worth with pseudo-answers",
    "davidson_nu": "ν, how willing to call a tie",
    "davidson_pseudo_nu": "ν with pseudo-answers",
    "mixed_rate": "win rate of all people and prompts",
    "mixed_side": "what standing left is worth, log-odds",
    "mixed_person_sd": "deviation between people, log-odds",
    "mixed_prompt_sd": "deviation between prompts, log-odds",
}
"""What a finding is called on the page."""

IN_VIEW = {COUNTED: "counted", "all": "before exclusions", "careless out": "flagged left out"}

PLAIN = ("alpha", "alpha_ordinal", "seconds", "davidson_nu", "davidson_pseudo_nu")
NO_SHARES = (
    *PLAIN,
    "agrees_tau",
    "mixed_side",
    "mixed_person_sd",
    "mixed_prompt_sd",
    "answers_needed",
)
"""Findings that are no shares, and so not written in per cent."""


MOST_SPAN = 1e4
"""A factor between the ends of ν's interval, or the odds of a worth's, beyond which it says no more
than that there is one."""


def percent(value: float) -> str:
    return f"{100 * value:.1f} %"


def short(finding: Finding) -> str:
    """The value; empty where there is none."""
    if finding.value is None:
        return ""
    if finding.name in NO_SHARES:
        return f"{finding.value:.1f}" if finding.name == "seconds" else f"{finding.value:.3f}"
    return percent(finding.value)


def ends(finding: Finding) -> str:
    """``[low, high]``; empty where there is no interval, words where it says nothing."""
    if finding.low is None or finding.high is None:
        return ""
    if _boundless(finding):
        return "not told apart from anything"
    if finding.name in NO_SHARES:
        return f"[{finding.low:.3f}, {finding.high:.3f}]"
    return f"[{100 * finding.low:.1f}, {100 * finding.high:.1f}]"


def _boundless(finding: Finding) -> bool:
    """Whether an interval on the log scale says nothing: it spans more than a factor of 10⁴."""
    low, high = finding.low or 0.0, finding.high or 0.0
    if finding.name.endswith("_nu"):
        return low <= 0 or high > MOST_SPAN * low
    if finding.name.startswith(("bradley_terry", "davidson")) and low < 0.5 < high:
        return low <= 0 or high >= 1 or high * (1 - low) > MOST_SPAN * low * (1 - high)
    return False


def p_text(p_value: float | None) -> str:
    if p_value is None:
        return ""
    return "< 0.001" if p_value < 0.001 else f"{p_value:.3f}"


def facts(figures: StudyFigures) -> Iterator[tuple[str, str]]:
    """What was asked, of whom, how far it is."""
    progress = figures.progress
    yield "study", figures.study
    for name, words in figures.questions.items():
        planned = f" of {progress.planned:,} planned" if progress.planned else ""
        counted = progress.counted.get(name, 0)
        came = f"{progress.came.get(name, 0):,}{planned} first answers, {counted:,} counted"
        yield f"question “{name}”", f"{words} {came}"
    yield "models", f"{', '.join(figures.models)} (the first is the baseline)"
    slots = f", of {progress.planned_people} slots" if progress.planned_people else ""
    yield "people", f"{progress.people}{slots}"
    if progress.peeks:
        yield "looked at before the planned end", progress.looked
    level = f"{100 * figures.confidence:g} %"
    yield "intervals", f"{level}; bootstraps: {figures.draws} draws from seed {figures.seed}"


def summary(figures: StudyFigures) -> Iterator[str]:
    """What the study says, a sentence each."""
    progress = figures.progress
    if figures.simulated:
        yield "Simulated: no person answered this study. Nothing on this page is about people."
    if not progress.told:
        yield waiting(progress)
        return
    if not progress.finished:
        hold = "only the always-valid intervals hold"
        if figures.kind == "realism":
            hold = "no interval holds: all are for one look at the planned end"
        yield (
            f"{number_of(progress.missing, 'answer')} of the plan are missing: this is a look on "
            f"the way, for which {hold}."
        )
    main = "win_rate" if progress.finished else "win_rate_always"
    for each in figures.found(main, view=COUNTED, group="", against=figures.models[0]):
        yield _who_won(each)
    for each in figures.found("error_rate", view=COUNTED):
        yield _erred(each)


def waiting(progress: Progress) -> str:
    """Why nothing is said yet."""
    return (
        f"{number_of(progress.missing, 'answer')} of {progress.planned:,} planned ones of each "
        "question are missing. Who won is not said before they are there, so that nobody stops "
        "where the figures happen to please; --peek shows them with intervals that hold at any "
        "look."
    )


def _who_won(found: Finding) -> str:
    asked = f"“{found.question}”"
    if found.value is None or found.low is None or found.high is None:
        said = found.note or "no answers"
        return f"{asked}: of {found.model} over {found.against} nothing can be said ({said})."
    verdict = "cannot be told apart from"
    if found.low > 0.5:
        verdict = "was preferred to"
    elif found.high < 0.5:
        verdict = "lost to"
    holm = f", p {p_text(found.p_adjusted)} by Holm" if found.p_adjusted is not None else ""
    why = f"; {found.note}" if found.name == "win_rate_always" and found.note else ""
    return (
        f"{asked}: {found.model} {verdict} {found.against}, win rate {short(found)} "
        f"{ends(found)}, of {number_of(found.answers, 'decided answer')}{holm}{why}."
    )


def _erred(found: Finding) -> str:
    if found.value is None or found.low is None or found.high is None:
        return f"{found.model}: no error rate with an interval ({found.note})."
    guess = "which guessing reaches, too" if found.low <= 0.5 <= found.high else ""
    guess = guess or ("below guessing" if found.high < 0.5 else "above guessing")
    return f"{found.model}: people err in {short(found)} {ends(found)} of cases, {guess} (50 %)."
