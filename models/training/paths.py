"""Where things lie that training reads and writes by default."""

from pathlib import Path

TRAINING = Path(__file__).parent
MODELS = TRAINING.parent
SHIPPED = MODELS / "default"  # the 32-pixel tier
TEXT = MODELS / "text"  # the text encoder and tokenizer of all tiers
LIBRARY = MODELS / "exemplars"  # what exemplars are found in
PROMPTS = TRAINING / "prompts"  # what priors are measured on
WORK = TRAINING / "work"  # pictures, checkpoints, logs; git ignores it
REPOSITORY = MODELS.parent
