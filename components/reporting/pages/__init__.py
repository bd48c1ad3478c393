"""The HTML pages: the report, and the comparison of runs."""
