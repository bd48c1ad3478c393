"""Directories in diffusers' format (model_index.json), read without torch: what they are, whether
their parts are there and fit each other, and the process and settings that they bring."""
