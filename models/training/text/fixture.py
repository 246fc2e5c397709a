"""Prompts on which the two tokenizers, Python's and TypeScript's, must agree."""

import random
import string

HARD = [
    "", " ", "\t\n", "a", "A RED CAR", "a red car.", "a red car, highly detailed, 8k", "don't", "it's a \"toy\"",
    "low-poly", "t-rex", "R2-D2", "a/b\\c", "50% off!", "#3", "3.14", "1,000,000", "£5 €5 $5 ¥5", "20°C", "½ cup", "x²",
    "café", "Café", "cafe\u0301", "naïve façade", "Ångström", "smørrebrød", "Straße", "STRASSE", "ẞ", "œuf", "Łódź",
    "þing", "İstanbul", "ıspanak", "ﬁsh", "ＡＢＣ　１２３", "①②③", "Ⅳ", "™", "ℌ", "ΣΊΣΥΦΟΣ", "Σ", "красная машина",
    "红色汽车", "赤い車", "ねこ", "ガラス", "ｶﾞﾗｽ", "빨간 자동차", "سيارة حمراء", "מכונית", "लाल कार", "รถสีแดง", "xe màu đỏ",
    "🐶", "a 🐶 dog", "👩‍🚀", "👨‍👩‍👧‍👦 family", "🇬🇧", "1️⃣", "👍🏽", "❤️", "(・∀・)", "a cat🐈sat", "½½", "…", "–—", "“quoted”", "‘x’",
    "zero\u200bwidth", "soft\u00adhyphen", "no\u00a0break", "nul\u0000l", "\u202eright to left", "tab\tand\nline",
    "[CLS]", "[PAD] [UNK]", "##ing", "a ##b", "x" * 63, "x" * 64, "x" * 65, "x" * 10_000, "🐈" * 10_000, "é" * 64,
    "red car " * 1250, "a" + " b" * 30, "𝒶 𝐜𝐚𝐫", "𐐀𐐁", "𝟘𝟙", "!!!", "a!b?c", "_under_score_", "a=b+c", "<b>bold</b>",
    "http://example.com/x?y=z", "\\u0041", "a\u0308\u0323", "ǅ", "ŉ", "ĳ", "Ĳ", "ſ", "K", "ꞌ", "\U0001f9ff\U0001fae0",
]  # fmt: skip
ALPHABETS = [
    string.ascii_lowercase,
    string.ascii_letters + " ",
    string.printable,
    "àáâãäåæçèéêëìíîïðñòóôõöøùúûüýþÿ ",
    "абвгдеёжз αβγδεζς 猫犬車 🐱🐶🚗 -'.,",
]


def fixture_prompts(vocabulary: list[str], count: int, seed: int = 0) -> list[str]:
    """Distinct prompts: hard cases, words of the vocabulary (plain, in capitals, run together) and random strings."""
    rng = random.Random(seed)
    # The vocabulary begins with the words of the captions.
    known = [piece for piece in vocabulary[:2000] if piece.isalpha()]
    prompts = dict.fromkeys(HARD)
    while len(prompts) < count:
        phrase = " ".join(rng.choices(known, k=rng.randint(1, 6)))
        noise = "".join(rng.choices(rng.choice(ALPHABETS), k=rng.randint(1, 40)))
        long = ", ".join(rng.choices(known, k=rng.randint(8, 40)))
        compound = "".join(rng.choices(known, k=rng.randint(2, 5)))
        kinds = [phrase, phrase.upper(), phrase.title(), long, noise, compound, f"a {phrase} {noise}"]
        prompts[rng.choice(kinds)] = None
    return list(prompts)
