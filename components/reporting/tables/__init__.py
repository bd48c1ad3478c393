"""The report's tables: of cells, of one set, of groups, of comparisons."""
