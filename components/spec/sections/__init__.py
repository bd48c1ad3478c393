"""The experiment file's sections as pydantic models: every field, its range and its default.

The names in the ``Literal`` types are those of `components.spec.catalogue`, which a test holds
equal to the registries of the code.
"""
