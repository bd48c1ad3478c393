"""Blind side-by-side studies: the export, the annotator's page, and what the answers say."""
