"""Inputs that fuzzing has found: they reach far, or once broke something."""

import pytest
from support.fuzzing.corpus import read_corpus
from support.fuzzing.targets import TARGETS


@pytest.mark.parametrize('target', TARGETS)
def test_nothing_that_fuzzing_found_breaks_its_target(target: str) -> None:
    inputs = read_corpus(target)
    assert inputs
    for data in inputs:
        TARGETS[target](data)
