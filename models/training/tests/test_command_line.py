"""`python -m training`: every command is there and says what it takes."""

import subprocess
import sys

import pytest

from ..__main__ import COMMANDS, main
from ..paths import MODELS


@pytest.mark.parametrize("command", [name for name in COMMANDS if name != "check"])
def test_help(command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["training", command, "--help"])
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == 0
    assert f"usage: training {command}" in capsys.readouterr().out


def test_unknown_command() -> None:
    command = [sys.executable, "-m", "training", "no-such-command"]
    done = subprocess.run(command, cwd=MODELS, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert all(name in done.stdout for name in COMMANDS)
