"""What `alphabar.evaluate` gives: figures by their names."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from alphabar.shown import table_html
from components.spec.loading import nearest
from flows.telling import as_text

if TYPE_CHECKING:
    import pandas as pd

    from components.figures.figure import Figure
    from components.figures.judgement import Judgement
    from components.reporting.tables.table import Table


@dataclass(frozen=True, eq=False)
class Figures(Mapping[str, "Figure"]):
    """Metric → figure of one set of images: ``figures["fd_dinov2"].value``, ``.low``, ``.high``.

    It prints as the table of `alphabar evaluate`, and a notebook shows it as one.

    Attributes:
        name: what the images are called.
        against: what they were judged against, in words.
        judgement: the figures, those of groups, and what was not measured.
        floors: the figures of real images; empty where nobody has measured them.
        notes: sentences about how the images were read.
    """

    name: str
    against: str
    judgement: "Judgement"
    floors: "Mapping[str, Figure]"
    notes: tuple[str, ...] = ()

    def __getitem__(self, metric: str) -> "Figure":
        """A figure by its full name; raises KeyError, with the nearest there is."""
        if metric in self.judgement.figures:
            return self.judgement.figures[metric]
        raise KeyError(f"no figure is called {metric}: {nearest(metric, list(self))}")

    def __iter__(self) -> Iterator[str]:
        return iter(self.judgement.figures)

    def __len__(self) -> int:
        return len(self.judgement.figures)

    def __str__(self) -> str:
        return as_text(self._table())

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return table_html(self._table())

    def frame(self) -> "pd.DataFrame":
        """A row a figure: ``name, metric, value, low, high`` and its protocol. Shares are from 0
        to 1."""
        import pandas as pd

        from components.reporting.tables.every_figure import figures_alone

        return pd.DataFrame(figures_alone({self.name: self.judgement.figures}).records())

    def _table(self) -> "Table":
        from components.reporting.tables.figure_table import figure_table
        from components.reporting.tables.subject import Subject

        table = figure_table(self.against, Subject(self.name, self.judgement), self.floors)
        return table.noted(*self.notes)
