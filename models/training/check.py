"""Runs the checks of `tests`; takes what pytest takes."""

import sys

import pytest

from .paths import TRAINING


def main(argv: list[str]) -> None:
    sys.exit(pytest.main([str(TRAINING), *argv]))
