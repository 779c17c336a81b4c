"""The tiny models, built once."""

from __future__ import annotations

from typing import Any

import pytest

from tests.backends.tiny import tiny_pipeline


@pytest.fixture(scope="package")
def vace_pipe() -> Any:
    return tiny_pipeline("wan-vace")
