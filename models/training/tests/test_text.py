"""The tokenizer, and what the shipped text encoder makes of prompts."""

import json

import numpy as np

from ..paths import REPOSITORY, TEXT
from ..text.onnx_file import encode_prompts
from ..text.tokenizer import CLS, PAD, SEP, Tokenizer


def test_tokenizer() -> None:
    """It gives the pieces on which it and the program's tokenizer agree."""
    tokenizer = Tokenizer.load(str(TEXT / "tokenizer.json"))
    cases = json.loads((REPOSITORY / "tests" / "fixtures" / "tokenizer.json").read_text())
    assert len(cases) == 1000
    for case in cases:
        ids = tokenizer.encode(case["prompt"])
        assert ids[ids != PAD].tolist() == case["ids"], case["prompt"]


def test_encoder() -> None:
    """Features are those of the prompt, whatever it is encoded beside; pads have none."""
    tokens, ids = encode_prompts(["a red chair", "", "a house"], TEXT)
    alone, _ = encode_prompts(["a house"], TEXT)
    assert ids[1, :3].tolist() == [CLS, SEP, PAD]
    assert np.allclose(tokens[2], alone[0], atol=1e-5)
    assert (tokens[ids == PAD] == 0).all() and np.abs(tokens[ids != PAD]).max() > 0.1
