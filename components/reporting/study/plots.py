"""The plots of a study's page."""

from collections.abc import Callable, Sequence
from textwrap import fill

from matplotlib.axes import Axes

from components.figures.study_figures import COUNTED, Finding, Person, StudyFigures
from components.reporting.pictures.canvas import GREY, Plot, grow, legend, line_style
from components.reporting.pictures.illustrations import Illustration
from components.reporting.study.tables import who
from components.reporting.study.words import IN_VIEW, ends, short

ROW, LABEL, MOST_ROWS = 0.3, 30, 40
"""The height of a row, inches; letters on one line of its name; rows of one plot."""


def rates(figures: StudyFigures) -> list[Illustration]:
    """The main figure of each model with its interval, beside what other answers would give."""
    name = "error_rate" if figures.kind == "realism" else "win_rate"
    if not figures.progress.finished and name == "win_rate":
        name = "win_rate_always"
    found = [f for f in figures.found(name, group="") if f.low is not None]
    made = []
    for number, question in enumerate(figures.questions):
        own = [f for f in found if f.question == question]
        if not own:
            continue
        series = {IN_VIEW[v]: [f for f in own if f.view == v] for v in IN_VIEW}
        what = "error rate, %" if name == "error_rate" else "win rate, %"
        counted = [f for f in own if f.view == COUNTED]
        words = "; ".join(f"{who(f)}: {short(f)} {ends(f)}" for f in counted)
        caption = f"“{question}”. The line is what guessing, or no preference, gives."
        plot = Illustration(
            f"rates{number}", rows_plot(series, who, f"{question}: {what}"), words, caption
        )
        made.append(plot)
    return made


def groups(figures: StudyFigures) -> list[Illustration]:
    """The win rate in each group of prompts."""
    made = []
    for number, question in enumerate(figures.questions):
        own = figures.found("win_rate", view=COUNTED, question=question)
        own = [f for f in own if f.group and f.low is not None]
        if not own:
            continue
        series = {model: [f for f in own if f.model == model] for model in figures.models}
        words = "; ".join(f"{f.group}, {f.model}: {short(f)} {ends(f)}" for f in own)
        plot = rows_plot(series, lambda f: f.group, f"{question}: win rate over the baseline, %")
        caption = f"“{question}” by group of prompts; intervals are each for itself."
        made.append(Illustration(f"groups{number}", plot, words, caption))
    return made


def worths(figures: StudyFigures) -> list[Illustration]:
    """Bradley and Terry's worths."""
    found = figures.found("bradley_terry", "bradley_terry_pseudo")
    found = [f for f in found if f.low is not None]
    if not found:
        return []
    series = {q: [f for f in found if f.question == q] for q in figures.questions}
    words = "; ".join(f"{f.model}, {f.question}: {short(f)} {ends(f)}" for f in found)
    equal = 100 / len(figures.models)
    plot = rows_plot(series, lambda f: f.model, "worth, % of all", equal)
    return [Illustration("worths", plot, words, "Worths sum to 100 %; the line is equal worths.")]


def seconds(people: Sequence[Person]) -> list[Illustration]:
    """How long each person took, and how many attention checks they failed."""
    known = [p for p in people if p.seconds is not None]
    if len(known) < 2:
        return []

    def plot(axes: Axes) -> None:
        for index, (flagged, name) in enumerate(((False, "no sign"), (True, "flagged"))):
            own = [p for p in known if p.flagged == flagged]
            if own:
                x = [p.seconds or 0.0 for p in own]
                y = [100 * p.failed / max(p.checks, 1) for p in own]
                style = {**line_style(index), "linestyle": "none"}
                axes.plot(x, y, label=name, **style)
        axes.set_xlabel("median seconds a choice")
        axes.set_ylabel("attention checks failed, %")
        axes.set_xlim(left=0)
        axes.set_ylim(-4, 104)
        legend(axes)

    words = f"Scatter plot of {len(known)} people: seconds a choice and attention checks failed"
    return [Illustration("people", plot, words, "Each mark is a person.")]


def rows_plot(
    series: dict[str, list[Finding]],
    name: Callable[[Finding], str],
    label: str,
    reference: float = 50.0,
) -> Plot:
    """Findings with their intervals in per cent, a row for each name.

    Args:
        series: what is told apart by colour → its findings.
        name: of the row that a finding stands in.
        reference: where a line stands, per cent.
    """
    drawn = {key: own for key, own in series.items() if any(f.low is not None for f in own)}
    names = list(dict.fromkeys(name(f) for own in drawn.values() for f in own))[:MOST_ROWS]

    def plot(axes: Axes) -> None:
        for index, (key, own) in enumerate(drawn.items()):
            shown = [f for f in own if name(f) in names and f.low is not None]
            apart = 0.22 * (index - (len(drawn) - 1) / 2)
            y = [names.index(name(f)) + apart for f in shown]
            x = [100 * (f.value or 0.0) for f in shown]
            low = [max(v - 100 * (f.low or 0.0), 0) for v, f in zip(x, shown, strict=True)]
            high = [max(100 * (f.high or 0.0) - v, 0) for v, f in zip(x, shown, strict=True)]
            style = {**line_style(index), "linestyle": "none"}
            axes.errorbar(x, y, xerr=[low, high], label=_drawn(key), capsize=3, **style)
        axes.axvline(reference, color=GREY, linestyle="--", linewidth=1)
        folded = [fill(_drawn(each), LABEL, break_long_words=True) for each in names]
        axes.set_yticks(range(len(names)), folded, fontsize="small")
        axes.set_ylim(len(names) - 0.4, -0.6)
        axes.set_xlim(0, 100)
        axes.grid(visible=False, axis="y")
        axes.set_xlabel(_drawn(label))
        grow(axes, ROW * len(names) * max(len(drawn), 1) - 4.0)
        if len(drawn) > 1:
            legend(axes)

    return plot


def _drawn(text: str) -> str:
    """A name as it is drawn: no formula of Matplotlib's, nothing that its font has not."""
    shown = "".join(c if ord(c) < 0x0600 else "?" for c in " ".join(text.split()))
    return shown.replace("$", r"\$")
