"""Cells, and a sweep whose evaluations hold every metric, as the report's tests build it."""

from tests.reporting.conftest import cell, rich

__all__ = ["cell", "rich"]
