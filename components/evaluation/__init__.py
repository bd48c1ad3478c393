"""How good images are: features → statistics → figures, each figure with its interval."""
