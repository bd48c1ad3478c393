"""The jobs behind single commands: draw, edit, judge, compare, promote, export, add."""
