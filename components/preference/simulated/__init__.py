"""Simulated annotators with a stated taste, who answer a study in the place of people."""
