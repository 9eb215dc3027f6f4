"""No search for garbage while libraries load, and searches as ever after it, also after an error."""

import gc

import pytest

from vid3d.loading import uncollected


def test_nothing_is_searched_meanwhile_and_what_is_there_is_left_out_later():
    assert gc.isenabled()
    with uncollected():
        assert not gc.isenabled()
        kept = [[number] for number in range(5000)]
    assert gc.isenabled()
    assert gc.get_freeze_count() >= len(kept)
    assert not any(found is kept for found in gc.get_objects())


def test_an_error_leaves_the_search_on():
    with pytest.raises(OSError, match="torn"), uncollected():
        raise OSError("torn")
    assert gc.isenabled()
