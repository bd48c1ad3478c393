"""Ground: files as every other room reads and writes them: within limits, compared, locked."""
