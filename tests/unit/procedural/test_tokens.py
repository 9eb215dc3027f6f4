import pytest

from vid3d.errors import InputError
from vid3d.procedural.objects import captions, vocabulary
from vid3d.procedural.tokens import Tokenizer


def test_words_end_and_padding() -> None:
    tokenizer = Tokenizer(["a", "frog", "red"], context=5)
    assert tokenizer.size == 5
    assert tokenizer(["a red frog", "frog"]).tolist() == [[1, 3, 2, 4, 0], [2, 4, 0, 0, 0]]


def test_the_end_token_is_the_highest_where_clip_looks_for_it() -> None:
    tokenizer = Tokenizer(vocabulary(), context=10)
    rows = tokenizer(list(captions()))
    assert (rows.max(axis=1) == tokenizer.end).all()
    assert ((rows == tokenizer.end).sum(axis=1) == 1).all()


def test_unknown_words_and_long_captions_are_refused() -> None:
    tokenizer = Tokenizer(["a", "frog"], context=3)
    with pytest.raises(InputError, match="'toad' is not in the vocabulary"):
        tokenizer(["a toad"])
    with pytest.raises(InputError, match="longer than 2 words"):
        tokenizer(["a frog frog"])
