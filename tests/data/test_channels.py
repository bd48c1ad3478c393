"""How many channels images will have, before they are prepared."""

from pathlib import Path

import pytest

from components.data.channels import channels_of
from components.data.sources.folder import read_rows
from components.spec.catalogue import SOURCES
from components.spec.sections.data import DataSpec

KNOWN = [name for name, entry in SOURCES.items() if entry.channels is not None]


@pytest.mark.parametrize("source", KNOWN)
def test_the_catalogue_says_what_the_files_say(fetched: Path, source: str) -> None:
    data, raw = DataSpec(source=source, size=16), fetched / "data" / source
    rows = read_rows(raw, data.caption_column, data.label_column)
    assert channels_of(data, raw, rows) == SOURCES[source].channels
