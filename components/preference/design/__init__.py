"""The design of a study: who judges which pair, in which order, on which side, from a seed."""
