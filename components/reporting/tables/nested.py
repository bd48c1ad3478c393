"""Every figure of several sets of images as JSON values: a set has its figures, by metric."""

import json
from typing import Any

from components.reporting.tables.table import Table

OF_A_SET = ("name", "role", "network_evaluations", "path", "keeps_limits")
"""Columns of `every_figure` that are the same in all rows of a set; the others are a figure's."""


def nested(table: Table) -> list[dict[str, Any]]:
    """The rows of a table of `components.reporting.tables.every_figure`, set by set.

    A set has those of `OF_A_SET` that there are, ``figures``: metric → ``value``, ``low``,
    ``high`` and the other columns of its row, as measured (shares are from 0 to 1), and, where
    there are any, ``groups``: group → metric → the same.
    """
    found: dict[str, dict[str, Any]] = {}
    for row in table.records():
        record = {name: cell for name, cell in row.items() if cell is not None}
        own = {name: record.pop(name) for name in OF_A_SET if name in record}
        metric, group = str(record.pop("metric")), str(record.pop("group", ""))
        if isinstance(settings := record.get("settings"), str):
            record["settings"] = json.loads(settings)
        whole = found.setdefault(str(own["name"]), {**own, "figures": {}})
        figures = whole.setdefault("groups", {}).setdefault(group, {}) if group else None
        (whole["figures"] if figures is None else figures)[metric] = record
    return list(found.values())
