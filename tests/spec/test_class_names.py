"""A word that is no class is answered with the class whose caption has one like it."""

from components.spec.class_names import unknown_class


def test_a_mistyped_word_of_a_caption_names_its_class() -> None:
    error = unknown_class("sevn", ["3", "7"], ["a handwritten three", "a handwritten seven"])
    assert error.remedy.startswith("did you mean `7` (a handwritten seven)?")
