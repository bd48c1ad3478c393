from components.figures.figure import Figure
from components.reporting.results import Results
from components.reporting.words.copies import copying, copying_of_tuned, copying_words
from tests.figures.made import made

AUTHENTICITY, RATIO = "authenticity_x", "neighbour_ratio_x"


def figures(share: float, ratio: float) -> dict[str, Figure]:
    return {
        AUTHENTICITY: made(AUTHENTICITY, share, share - 0.02, share + 0.02),
        RATIO: made(RATIO, ratio, ratio - 0.05, ratio + 0.05),
    }


def test_a_model_that_copies_is_called_so() -> None:
    text = " ".join(copying_words(figures(0.4, 0.2), figures(0.96, 1.05)))
    assert "40.0 % [38.0, 42.0] of its images are farther" in text
    assert "Held-out real images, which it has not seen, reach 96.0 % [94.0, 98.0]" in text
    assert "some of its images are copies of training images" in text
    assert "closer to the training images than unseen ones do" in text
    assert "no sign of copying" not in text


def test_a_model_that_does_not_is_not_accused() -> None:
    text = " ".join(copying_words(figures(0.95, 1.02), figures(0.96, 1.05)))
    assert "no sign of copying" in text
    assert "no closer to the training images" in text


def test_without_a_floor_there_is_no_verdict() -> None:
    assert len(copying_words(figures(0.4, 0.2), {})) == 2
    assert copying_words({}, {}) == []


def test_the_figures_are_those_of_the_network_that_chose_the_pairs() -> None:
    other = made("authenticity_a", 0.1, 0.0, 0.2)
    (first, *_) = copying_words({"authenticity_a": other} | figures(0.95, 1.0), {}, "x")
    assert first.startswith("95.0 %")


def test_best_and_fine_tuned_show_their_pairs(rich: Results) -> None:
    shown, tuned = copying(rich), copying_of_tuned(rich)
    assert [model["words"] for model in shown + tuned] == [
        "The best cell, schedule=cosine, guidance=2",
        "Copies of what it was tuned on: fine-tuned",
    ]
    assert len(tuned[0]["pairs"]) == 4
    assert [pair["ratio"] for pair in shown[0]["pairs"]] == ["0.50", "0.60", "0.70", "0.80"]
    assert len(shown[0]["sentences"]) == 4


def test_evaluations_that_look_for_no_copies_have_no_such_section(solvers: Results) -> None:
    assert copying(solvers) == []
