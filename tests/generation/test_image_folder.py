import csv
from pathlib import Path

import numpy as np
from PIL import Image

from components.generation.image_folder import write_image_folder


def test_every_png_says_how_it_was_drawn_and_the_table_is_hugging_faces(tmp_path: Path) -> None:
    rows = [
        {"index": k, "seed": 7 + k, "class": -1, "label": "", "caption": caption}
        for k, caption in enumerate(("a red heart", "ein Bär ♥"))
    ]
    images = np.arange(2 * 4 * 4 * 3, dtype=np.uint8).reshape(2, 4, 4, 3)
    about = {"solver": "ddim", "steps": "50", "model": "m@champion"}
    for folder in ("one", "two"):
        write_image_folder(tmp_path / folder, images, rows, about)
    for k, caption in enumerate(("a red heart", "ein Bär ♥")):
        path = tmp_path / "one" / f"{k:05d}.png"
        with Image.open(path) as image:
            assert image.text == {"prompt": caption, "seed": str(7 + k), **about}
            assert np.array_equal(np.asarray(image), images[k])
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()
    with (tmp_path / "one" / "metadata.csv").open(newline="", encoding="utf-8") as file:
        header, *listed = csv.reader(file)
    assert header == ["file_name", "index", "seed", "class", "label", "caption"]
    assert [row[0] for row in listed] == ["00000.png", "00001.png"]
