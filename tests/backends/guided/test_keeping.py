"""What the photo showed is laid back over what a model made of it, with a soft edge."""

from __future__ import annotations

import numpy as np

from synth.backends.guided.holes import erosion
from synth.backends.guided.keeping import laid_back

DRAWN = np.full((64, 96, 3), 40, np.uint8)
SHOWN = np.full((64, 96, 3), 200, np.uint8)


def test_kept_pixels_are_the_guides_and_holes_the_models() -> None:
    hole = np.zeros((64, 96), bool)
    hole[:, :48] = True
    mixed = laid_back(DRAWN, SHOWN, hole)
    assert (mixed[hole] == 40).all()
    reach = erosion(96, 64)
    assert (mixed[:, 48 + reach :] == 200).all()
    edge = mixed[32, 47 : 48 + reach, 0].astype(int)
    assert (np.diff(edge) > 0).all()


def test_without_holes_it_is_the_guide_and_a_copy() -> None:
    mixed = laid_back(DRAWN, SHOWN, np.zeros((64, 96), bool))
    assert np.array_equal(mixed, SHOWN)
    assert not np.shares_memory(mixed, SHOWN)


def test_where_all_is_painted_it_is_the_models() -> None:
    assert np.array_equal(laid_back(DRAWN, SHOWN, np.ones((64, 96), bool)), DRAWN)


def test_a_subject_is_laid_back_whole_with_a_narrow_rim() -> None:
    acting = np.zeros((64, 96), bool)
    acting[20:40, 30:60] = True
    mixed = laid_back(DRAWN, SHOWN, np.ones((64, 96), bool), acting)
    assert (mixed[22:38, 32:58] == 200).all()
    assert (mixed[~acting] == 40).all()
    assert 40 < mixed[20, 45, 0] < 200
