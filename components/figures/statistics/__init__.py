"""Intervals, pseudo-values and paired differences: what all figures share."""
