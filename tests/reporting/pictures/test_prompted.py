import numpy as np

from components.reporting.pictures.prompted import LARGEST, prompted_sheet


def sheet(prompts: list[str], seeds: list[int], side: int = 8) -> np.ndarray:
    images = np.zeros((len(prompts), side, side, 1), np.uint8)
    return prompted_sheet(images, prompts, seeds, "a model: ddim")


def test_prompt_and_seed_stand_under_each_image() -> None:
    one = sheet(["7", "7"], [0, 1])
    assert one.dtype == np.uint8
    assert one.shape[2] == 3
    left, right = one[:, : one.shape[1] // 2], one[:, one.shape[1] // 2 :]
    assert not np.array_equal(left[:, : right.shape[1]], right[:, : left.shape[1]])
    assert not np.array_equal(one, sheet(["7", "7"], [0, 2])), "the seed is drawn"
    assert not np.array_equal(one, sheet(["7", "3"], [0, 1])), "the prompt is drawn"


def test_a_long_prompt_takes_lines_and_large_images_are_made_smaller() -> None:
    short, long = sheet(["a cat"], [0]), sheet(["a cat that sits upon a mat " * 9], [0])
    assert long.shape[0] > short.shape[0]
    assert sheet(["x"], [0], side=4 * LARGEST).shape[1] < 2 * LARGEST
