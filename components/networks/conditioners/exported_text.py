"""What a folder for diffusers needs of a conditioner of captions: its text encoders."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.networks.conditioners.conditioner import Exported
from components.networks.conditioners.encoders import Form
from components.networks.conditioners.encoders.frozen import FrozenEncoder
from components.networks.conditioners.rows import MASK, STATES


@dataclass(frozen=True)
class Part:
    """A text encoder as it is written.

    Attributes:
        tokenizer: the folder with the tokenizer's files.
        files: their names; those that are there are taken.
        kind: the class of transformers that reads them.
        home: the folder of the encoder; None where it came with a package.
    """

    encoder: FrozenEncoder
    tokenizer: Path
    files: Sequence[str]
    kind: str
    home: Path | None = None

    @property
    def told(self) -> dict[str, Any]:
        """How the exported pipeline uses it."""
        convention = self.encoder.convention
        return {
            "masked": self.encoder.form.masked,
            "layer": convention.layer,
            "pooled": convention.pooled and convention.pooled[0],
            "limit": self.encoder.limit,
        }

    def save(self, out: Path, suffix: str) -> dict[str, Any]:
        """Write both; returns their entries of model_index.json."""
        network = self.encoder.loaded()
        network.save_pretrained(out / f"text_encoder{suffix}", safe_serialization=True)
        home = out / f"tokenizer{suffix}"
        home.mkdir()
        for name in self.files:
            if (self.tokenizer / name).is_file():
                shutil.copyfile(self.tokenizer / name, home / name)
        if added := self.encoder.reader.added:
            _add_tokens(home, self.kind, added)
        return {
            f"text_encoder{suffix}": ["transformers", type(network).__name__],
            f"tokenizer{suffix}": ["transformers", self.kind],
        }


def _add_tokens(home: Path, kind: str, tokens: Sequence[str]) -> None:
    """Tell the tokenizer in ``home`` of words that the encoder has embeddings of."""
    import transformers

    tokenizer = getattr(transformers, kind).from_pretrained(str(home), local_files_only=True)
    tokenizer.add_tokens([*tokens])
    tokenizer.save_pretrained(str(home))


def exported_text(
    words: str,
    parts: Sequence[Part],
    form: Form,
    captions: Sequence[str],
    pipeline: str | None = None,
) -> Exported:
    """What is exported of ``parts``, whose states stand side by side.

    Args:
        words: what they are called.
        form: of what they give together.
        captions: of images like those that the model was trained on, for examples.
        pipeline: diffusers' class that reads captions as they do, if there is one.
    """
    asked = captions or ["a picture"]
    prompts, suffixes = [asked[0], asked[-1]], ("", *(f"_{k}" for k in range(2, 1 + len(parts))))
    limit = min(part.encoder.limit for part in parts)

    def save(out: Path) -> dict[str, Any]:
        index: dict[str, Any] = {}
        for part, suffix in zip(parts, suffixes, strict=True):
            index |= part.save(out, suffix)
        return index

    return Exported(
        f"It reads captions of up to {limit} tokens, longer ones are cut there: {words} in "
        "`text_encoder/` and `tokenizer/`. The empty caption is no condition, which guidance "
        "needs.\n",
        code=_code(parts[0], prompts) if len(parts) == 1 and not form.pooled else (),
        prompts=prompts,
        negative=_null,
        imports=[f"from transformers import {parts[0].encoder.convention.loader}, AutoTokenizer"],
        index={
            "text": [part.told for part in parts],
            "time_ids": list(form.time_ids) if form.time_ids else None,
        },
        save=save,
        pipeline=pipeline,
        homes=[part.home for part in parts if part.home],
    )


def _code(part: Part, prompts: Sequence[str]) -> list[str]:
    """Python that reads captions without the pipeline."""
    masked, loader = part.encoder.form.masked, part.encoder.convention.loader
    padding = "True" if masked else '"max_length"'
    mask = ', attention_mask=tokens["attention_mask"]' if masked else ""
    given = f', "{MASK}": tokens["attention_mask"]' if masked else ""
    return [
        'tokenizer = AutoTokenizer.from_pretrained("tokenizer")',
        f'encoder = {loader}.from_pretrained("text_encoder").eval()',
        f"prompts = {prompts!r}",
        "",
        "def tell(captions):",
        "    tokens = tokenizer(",
        f"        captions, padding={padding}, truncation=True,",
        f'        max_length={part.encoder.limit}, return_tensors="pt",',
        "    )",
        "    with torch.inference_mode():",
        f'        states = encoder(input_ids=tokens["input_ids"]{mask}).last_hidden_state',
        f'    return {{"{STATES}": states{given}}}',
        "",
        "told = tell(prompts)",
        _null(""),
    ]


def _null(negative: str) -> str:
    return f"null = tell([{negative!r}] * len(prompts))"
