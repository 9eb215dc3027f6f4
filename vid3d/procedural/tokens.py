"""Captions as numbers, one token per word, for text towers trained on captions of the procedural family only."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vid3d.errors import InputError

PADDING = 0


class Tokenizer:
    """Words to numbers from 1; 0 pads; the end token has the highest number, where CLIP's text tower looks for it."""

    def __init__(self, words: Sequence[str], context: int) -> None:
        """Args: the vocabulary in the order of its numbers, and the length of all token rows, end token included."""
        self.context = context
        self._numbers = {word: number for number, word in enumerate(words, start=1)}
        self.end = len(words) + 1

    @property
    def size(self) -> int:
        """How many different tokens there are, padding and end included."""
        return self.end + 1

    def __call__(self, captions: Sequence[str]) -> NDArray[np.int64]:
        """Token rows (n, context) of n captions.

        Raises:
            InputError: a word that is not in the vocabulary, or a caption that is too long.
        """
        rows = np.full((len(captions), self.context), PADDING, np.int64)
        for row, caption in zip(rows, captions, strict=True):
            words = caption.split()
            if unknown := [word for word in words if word not in self._numbers]:
                raise InputError(f"caption {caption!r}: {unknown[0]!r} is not in the vocabulary; use its words only")
            if len(words) >= self.context:
                raise InputError(f"caption {caption!r}: longer than {self.context - 1} words; shorten it")
            row[: len(words) + 1] = [*(self._numbers[word] for word in words), self.end]
        return rows
