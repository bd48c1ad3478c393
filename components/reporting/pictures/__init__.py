"""Plots, sheets of samples, panels."""
