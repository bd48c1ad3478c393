"""What a kind of fine-tune is called in report, records and model card."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

Values = Mapping[str, Any]


@dataclass(frozen=True)
class FinetuneWords:
    """What a kind is called; ``{kind}``, ``{style}``, ``{token}``, ``{class_word}`` and
    ``{preferences}`` stand for those of the file, ``{start}`` for what it starts from and
    ``{target}`` for what it is trained on.

    Attributes:
        act: what is done: ``distillation``.
        done: what the model then is: ``distilled``.
        model: what the report calls the model.
        run: what MLflow calls it.
        goal: what it is trained for, in a word.
        title: the report's heading.
        about: the report's sentence below it.
        card: the model card's sentence; empty where its training is not told there.
    """

    act: str
    done: str
    model: str
    run: str
    goal: str
    title: str
    about: str
    card: str = ""

    def of(self, section: Values, data: Values) -> "FinetuneWords":
        """The same with what stands in the file.

        Args:
            section: the section `finetune`.
            data: the section `data`: the model is tuned to its style, or to those images, where
                ``section`` names no style.
        """
        base, style = section.get("base"), section["style"] or data["style"]
        called = style or data.get("name") or data["source"]
        names = ("kind", "token", "class_word", "preferences")
        given = {name: section.get(name) for name in names} | {
            "style": called,
            "start": "The best baseline" if base is None else f"The base {base}",
            "target": f"the style {style}" if style else called,
        }
        return FinetuneWords(
            **{field.name: getattr(self, field.name).format(**given) for field in fields(self)}
        )
