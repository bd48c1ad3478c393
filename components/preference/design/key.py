"""The key of a study: what each item is, apart from all that annotators receive."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from components.errors import AlphabarError
from components.files.json_file import read_object, write_json
from components.files.manifest import intact
from components.files.tables import read_csv
from components.preference.design.design import Design, Shown
from components.preference.design.size import NOISE, REAL, Kind, Size
from components.preference.statistics.choices import Outcome

GENERATED = "generated"
"""What stands beside one image in `realism`: who calls the image generated chose this."""

REMEDY = "give the key.json that the study was exported with"


@dataclass(frozen=True)
class Item:
    """What one item of a study is.

    Attributes:
        pair: its name; several items show one pair.
        left, right: the models shown there, or `REAL` and `NOISE`; ``right`` is `GENERATED` where
            one image is shown.
        kind: a first showing, a repeat or an attention check.
        slot: the annotator's; None where anybody may judge the item.
        prompt, group: of the pair; empty where there is none.
    """

    pair: str
    left: str
    right: str
    kind: Shown = "shown"
    slot: int | None = None
    prompt: str = ""
    group: str = ""

    @property
    def expected(self) -> Outcome | None:
        """What a check's plain answer is: the real image, or that noise is generated."""
        if self.kind != "check":
            return None
        return Outcome.LEFT if self.left == REAL else Outcome.RIGHT


@dataclass(frozen=True)
class PairAbout:
    """What a pair of a study was asked to show.

    Attributes:
        seed: that all its images were drawn with; None where nobody knows.
        files: model, or `REAL`, → its image, a path from the study's folder.
        digests: the same → SHA-256 of that file.
    """

    seed: int | None
    files: Mapping[str, str]
    digests: Mapping[str, str]


@dataclass(frozen=True)
class Key:
    """What the answers to a study are read with.

    Attributes:
        study: the study's name in every answer.
        kind: of the study.
        questions: names of what is asked about each item.
        items: the item's name → what it is.
        pairs: the pair's name → what else is known of it; attention checks are not among them.
        models: the model's name → where its images come from, as `source` of the export has it.
    """

    study: str
    kind: Kind
    questions: tuple[str, ...]
    items: Mapping[str, Item]
    pairs: Mapping[str, PairAbout] = field(default_factory=dict)
    models: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def key_of(
    design: Design,
    study: str,
    questions: Sequence[str],
    prompts: Sequence[str] = (),
    groups: Sequence[str] = (),
) -> Key:
    """The key of a design.

    Args:
        prompts, groups: of each pair of the study, in the order of their numbers; checks have none.
    """
    single = design.size.kind == "realism"
    items = {
        row.item: Item(
            pair=pair_name(row.pair, design.size),
            left=row.left,
            right=GENERATED if single else row.right,
            kind=row.kind,
            slot=row.slot,
            prompt=prompts[row.pair] if row.pair < len(prompts) else "",
            group=groups[row.pair] if row.pair < len(groups) else "",
        )
        for row in design.rows
    }
    return Key(study, design.size.kind, tuple(questions), items)


def pair_name(pair: int, size: Size) -> str:
    """What the key calls a pair, or an attention check's, of a study of this size."""
    return f"{pair:0{len(str(size.pairs + size.checks))}d}"


def write_key(path: Path, key: Key) -> None:
    """Write `key.json`; whoever has it can tell the models apart."""
    write_json(path, asdict(key))


def read_key(path: Path) -> Key:
    """The key in a file that `write_key` made; raises AlphabarError where there is none."""
    content = read_object(path, REMEDY)
    try:
        items = {str(name): _item(each) for name, each in content["items"].items()}
        questions = tuple(str(each) for each in content["questions"])
        kind, study = content["kind"], content["study"]
        pairs = {str(name): PairAbout(**each) for name, each in content.get("pairs", {}).items()}
        models = {str(name): dict(each) for name, each in content.get("models", {}).items()}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise AlphabarError(f"{path} is no key of a study: {error!r}", REMEDY) from error
    if kind not in ("pairwise", "realism") or not isinstance(study, str) or not questions:
        raise AlphabarError(f"{path} is no key of a study", REMEDY)
    return Key(study, kind, questions, items, pairs, models)


def read_pairs_key(path: Path, question: str = "preference") -> Key:
    """The key in a `key.csv` of the stage `study`, whose answers everybody gives to every pair.

    Args:
        question: what the one question of its page is called.

    Raises:
        AlphabarError: it is missing or broken.
    """
    remedy = "give the key.csv that the study stage wrote"
    try:
        rows = read_csv(intact(path))
        items = {row["pair"]: Item(row["pair"], row["left"], row["right"]) for row in rows}
    except OSError as error:
        raise AlphabarError(f"{path} cannot be read: {error.strerror}", remedy) from None
    except (ValueError, KeyError) as error:
        raise AlphabarError(f"{path} is no key of a study: {error!r}", remedy) from None
    studies = {name.rpartition("-")[0] for name in items}
    if len(studies) != 1 or any(item.left == item.right for item in items.values()):
        raise AlphabarError(f"{path} is no key of a study", remedy)
    return Key(studies.pop(), "pairwise", (question,), items)


def _item(content: dict[str, Any]) -> Item:
    item = Item(**content)
    texts = (item.pair, item.left, item.right, item.kind, item.prompt, item.group)
    if not all(isinstance(each, str) for each in texts) or item.left == item.right:
        raise ValueError("an item shows no two models")
    if item.kind not in ("shown", "repeat", "check"):
        raise ValueError(f"an item is of the kind {item.kind!r}")
    if item.kind == "check" and NOISE not in (item.left, item.right):
        raise ValueError("a check shows no noise")
    return item
