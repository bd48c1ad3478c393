"""The experiment file's sections as pydantic models: every field, its range and its default.

The names of choices are those of `components.spec.catalogue`, which a test holds equal to the
registries of the code.
"""
