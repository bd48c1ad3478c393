"""How captions were read that have a word which only a fine-tune knows."""

from components.figures.figure import first_of
from components.figures.judgement import Figures
from components.spec.metrics import families_of
from components.spec.reading import AS_READ


def as_read(figures: Figures) -> str:
    """What stood in the place of that word where images were held against their captions, in a
    sentence; empty where all were read as they are."""
    score = first_of(figures, *families_of("clip"))
    settings = figures[score].protocol.settings if score else None
    if not settings or AS_READ not in settings:
        return ""
    return f"Who judges captions does not know that word: {settings[AS_READ]}."
