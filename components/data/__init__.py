"""Sources → raw files under DVC → prepared arrays."""
