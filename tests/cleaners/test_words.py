import pytest

from cleaners.words import fold_words, words

SPLIT = {
    "By Ada_L, 3 May 2026": ["by", "ada_l", "3", "may", "2026"],
    "The ferry’s “night” crossing—again…": ["the", "ferry", "s", "night", "crossing", "again"],
    "Größte Fähre": ["grösste", "fähre"],
    "ﬁve\u00a0½ ferries": ["five", "1", "2", "ferries"],
    "夜行 ferry 戻る": ["夜", "行", "ferry", "戻", "る"],
    " \n—…! ": [],
}


@pytest.mark.parametrize("text", SPLIT, ids=ascii)
def test_splits_text_of_any_script_into_its_words(text):
    assert words(text) == SPLIT[text]
    assert fold_words(text) == " ".join(SPLIT[text])


def test_each_caller_has_words_of_its_own():
    words("night ferry").append("changed")
    assert words("night ferry") == ["night", "ferry"]
