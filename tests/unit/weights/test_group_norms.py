"""What diffusers says of attributes that it does not know, while a model of ours is loaded."""

import logging

import pytest
from diffusers import EulerDiscreteScheduler

from vid3d.weights.group_norms import attribute_known


@pytest.fixture
def said():
    messages: list[str] = []

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            messages.append(record.getMessage())

    logger, handler = logging.getLogger("diffusers.configuration_utils"), Handler(logging.WARNING)
    logger.addHandler(handler)
    yield messages
    logger.removeHandler(handler)


def test_only_what_is_really_ignored_is_said_to_be(said):
    ours, other = {"channels_per_group": 8}, {"channels_per_group": 8, "colour": "red"}
    with attribute_known():
        EulerDiscreteScheduler.from_config(ours)
        assert said == []
        EulerDiscreteScheduler.from_config(other)
    assert ["colour" in line for line in said] == [True]
    EulerDiscreteScheduler.from_config(ours)
    assert "will be ignored" in said[1]
