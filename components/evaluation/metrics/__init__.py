"""Figures of sets of features, each with its interval."""
