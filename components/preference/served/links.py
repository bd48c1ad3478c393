"""The links of a study: one for each annotator and one for its owner, none of which can be guessed.

They are made once and kept in `links.json`, which only its owner can read; whoever has it can
answer for everybody. The record of answers has their SHA-256 alone.
"""

import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from components.errors import AlphabarError
from components.files.json_file import read_object, write_json
from components.files.put import put

FILE = "links.json"
BYTES = 24
"""Random ones in a link: 192 bits, of which 128 are beyond guessing."""

MONITOR = 0
"""What stands for the owner's link where annotators have their number, from 1."""

_TOKEN = re.compile(f"[0-9A-Za-z_-]{{{len(secrets.token_urlsafe(BYTES))}}}")


@dataclass(frozen=True)
class Links:
    """The secrets of a study that is served.

    Attributes:
        study: its identity.
        tokens: number of the annotator, or `MONITOR`, → the secret part of the link.
        secret: that names of images and tokens of pages are made with.
    """

    study: str
    tokens: Mapping[int, str]
    secret: str

    def csrf(self, number: int) -> str:
        """What a page must send with what it posts: it fits one link of this study only."""
        return self.named("csrf", number, self.tokens[number])

    def named(self, *parts: object) -> str:
        """A keyed digest (RFC 2104) that says nothing of what it is made of: 40 digits."""
        text = "\x1f".join(map(str, parts)).encode()
        return hmac.new(self.secret.encode(), text, hashlib.sha256).hexdigest()[:40]

    def hashes(self) -> dict[int, str]:
        """Number → SHA-256 of its token."""
        return {number: token_sha256(token) for number, token in self.tokens.items()}


def token_sha256(token: str) -> str:
    """What is kept of a token; one of so many random bits needs no salt."""
    return hashlib.sha256(token.encode()).hexdigest()


def make_links(study: str, people: int) -> Links:
    """New links for so many annotators and the owner."""
    tokens = {number: secrets.token_urlsafe(BYTES) for number in (MONITOR, *range(1, people + 1))}
    return Links(study, tokens, secrets.token_urlsafe(BYTES))


def write_links(folder: Path, links: Links) -> None:
    """Put `links.json` into a study's folder, for its owner's eyes only."""
    with put(folder / FILE) as place:
        os.close(os.open(place, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        annotators = {f"{n}": token for n, token in links.tokens.items() if n != MONITOR}
        content = {"annotators": annotators, "monitor": links.tokens[MONITOR]}
        write_json(place, {"study": links.study, "secret": links.secret, **content})


def read_links(folder: Path, study: str, people: int) -> Links | None:
    """The links of a study; None where none were made.

    Raises:
        AlphabarError: they are another study's, or broken.
    """
    path = folder / FILE
    if not path.exists():
        return None
    remedy = f"put back the {FILE} of this study, or remove it: new links are made then"
    content = read_object(path, remedy)
    if content.get("study") != study:
        raise AlphabarError(f"{path} has the links of another study", remedy)
    given = content.get("annotators")
    tokens = {MONITOR: content.get("monitor")}
    if isinstance(given, dict) and len(given) == people:
        tokens |= {number: given.get(f"{number}") for number in range(1, people + 1)}
    texts = {n: t for n, t in tokens.items() if isinstance(t, str) and _TOKEN.fullmatch(t)}
    secret = content.get("secret")
    whole = len(texts) == people + 1 and len(set(texts.values())) == people + 1
    if not whole or not isinstance(secret, str) or not _TOKEN.fullmatch(secret):
        raise AlphabarError(f"{path} is broken: it has no links for {people} annotators", remedy)
    return Links(study, texts, secret)
