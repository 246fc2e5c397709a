"""Where things lie that training reads and writes by default."""

from pathlib import Path

TRAINING = Path(__file__).parent
MODELS = TRAINING.parent
SHIPPED = MODELS / "default"  # the 32-pixel tier, whose text encoder is every tier's
WORK = TRAINING / "work"  # pictures, checkpoints, logs; git ignores it
REPOSITORY = MODELS.parent
