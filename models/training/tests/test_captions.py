"""Captions, and objects in other colours."""

import json

import torch

from ..measure.prompts import CAPTIONS, SYNONYMS, coloured
from ..objects.prompts import RARE, UNTYPICAL, SceneObject, last_noun, likelihood, shorten, variants, with_rare_nouns
from ..objects.recolour import main_colour, painted, with_colour
from ..paths import PROMPTS


def kinds(*nouns: str) -> list[SceneObject]:
    return [SceneObject("", "", "low-poly", (f"a {noun}",), f"a {noun}", None) for noun in nouns]


def test_captions() -> None:
    assert shorten("a small wooden box with a lid") == "a box"
    assert shorten("an old orange") == "an orange"
    assert last_noun("a grey rowing boat") == "a boat" and last_noun("a boat") is None
    assert last_noun("a brown hot dog") is None and last_noun("a slice of pizza") is None
    assert [o.captions[1:] for o in with_rare_nouns(kinds("rowing boat", "boat", "grey cat"))] == [("a boat",), (), ()]
    assert all(len(o.captions) == 1 for o in with_rare_nouns(kinds("rowing boat", *["boat"] * RARE)))
    assert variants("a box", "low-poly") == [
        "a box",
        "box",
        "a 3D model of a box",
        "a box, low-poly",
    ]
    assert likelihood("a house", "o01373") == likelihood("a red house", "o00020") == 1
    assert likelihood("a house", "o00020") == UNTYPICAL


def test_painted() -> None:
    """What has the main colour takes the other one, in the same light; all else stays."""
    assert with_colour("an orange car", "orange", "blue") == "a blue car"
    assert with_colour("a red toy car", "red", "orange") == "an orange toy car"
    assert with_colour("red dice", "red", "orange") == "orange dice"
    red, wheel = torch.tensor([0.8, 0.2, 0.2]), torch.tensor([0.1, 0.1, 0.5])
    views = torch.zeros(1, 4, 8, 8)
    views[0, 3, 1:7] = 1
    views[0, :3, 1:4] = red[:, None, None]
    views[0, :3, 4:6] = 0.7 * red[:, None, None]
    views[0, :3, 6] = wheel[:, None]
    main, share = main_colour((255 * views).round().byte())
    assert torch.allclose(main / main.sum(), red / red.sum(), atol=0.01)
    assert abs(share - 5 / 6) < 0.01
    green = torch.tensor([0.1, 0.6, 0.1])
    after = painted(views[None], main[None], green[None])[0, 0]
    assert torch.equal(after[3], views[0, 3]) and torch.allclose(after[:, 6:], views[0, :, 6:])
    lit, shaded = after[:3, 1, 0], after[:3, 4, 0]
    assert torch.allclose(lit / lit.sum(), green / green.sum(), atol=0.01)
    assert torch.allclose(shaded, 0.7 * lit, atol=0.01)
    assert main_colour(torch.zeros(1, 4, 8, 8, dtype=torch.uint8))[1] == 0


def test_lists_that_ship() -> None:
    lists = {path.stem: path.read_text().splitlines()[1:] for path in PROMPTS.glob("*.txt")}
    assert lists["colours"] == coloured()
    assert [line.split(" => ") for line in lists["synonyms"]] == [
        [*pair] for pair in json.loads(SYNONYMS.read_text()).items()
    ]
    assert len(lists["random"]) == len(lists["common"]) == CAPTIONS
    assert not set(lists["unseen"]) & {*lists["random"], *lists["common"]}
