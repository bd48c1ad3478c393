from components.reporting.words.data import data_words


def test_what_was_made_of_the_data_is_said_and_nothing_where_nothing_was() -> None:
    assert data_words({"captions_cut": 3}) == []
    figures = {"images_fit_by_pad": 2, "several_captions": 1, "images_mirrored": 1}
    assert data_words(figures) == [
        "2 images are not square and were padded with white",
        "1 image has several captions, of which each step drew one",
        "mirrored copies were trained on, too",
    ]
