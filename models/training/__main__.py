"""`python -m training <command>`, run from the folder `models`."""

import importlib
import sys

COMMANDS = {
    "render": "objects to four-view pictures",
    "singles": "captioned pictures of unknown camera, to train on beside the objects",
    "text": "the text encoder: train, export, encode the captions",
    "train": "the denoiser",
    "soup": "the mean of several denoisers",
    "sample": "a contact sheet from a checkpoint",
    "judge": "a retrieval model to measure with",
    "evaluate": "losses, and how well samples obey their prompt",
    "card": "the pictures of the model card: loss by timestep, a labelled contact sheet",
    "export": "checkpoint to models/default",
    "compare": "ONNX against PyTorch",
    "attribution": "authors and licences of the objects",
    "check": "self-checks of the conventions and of the data",
    "gradient_fixture": "LoRA gradients of the shipped denoiser for the tests",
}


def main() -> None:
    if len(sys.argv) < 2 or sys.argv[1] not in COMMANDS:
        lines = [f"  {name:17} {what}" for name, what in COMMANDS.items()]
        print("python -m training <command> [--help]\n" + "\n".join(lines))
        sys.exit(0 if sys.argv[1:] in ([], ["--help"]) else 2)
    importlib.import_module(f".{sys.argv[1]}", __package__).main(sys.argv[2:])


if __name__ == "__main__":
    main()
