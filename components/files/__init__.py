"""Ground: files as every other room writes and reads them: digests, CSV, JSON."""
