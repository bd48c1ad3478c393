"""Classes as a user names them."""

import difflib
from collections.abc import Sequence

from components.errors import AlphabarError, shortened
from components.spec.loading import nearest


def unknown_class(text: str, names: Sequence[str], captions: Sequence[str]) -> AlphabarError:
    """What is said of a word that is no class: the one that it is close to, or whose caption has
    it.

    Args:
        names: of all classes.
        captions: what each is asked for by; empty where that is nothing but the name.
    """
    word, remedy = text.strip().lower(), nearest(text, list(names))
    words = {each for caption in captions for each in caption.lower().split()}
    if word not in words:
        word = next(iter(difflib.get_close_matches(word, sorted(words), n=1)), word)
    for name, caption in zip(names, captions, strict=False):
        if word and word in caption.lower().split():
            remedy = f"did you mean `{shortened(name)}` ({shortened(caption)})? {remedy}"
            break
    return AlphabarError(f"the model has no class `{shortened(text)}`", remedy)
