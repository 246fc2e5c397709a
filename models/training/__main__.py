"""`python -m training COMMAND`, run from the folder `models`."""

import importlib
import sys

# By its name: the module whose `main` it is, and what it does.
COMMANDS = {
    "render": ("objects.render", "objects to four-view pictures"),
    "singles": ("objects.singles", "captioned pictures of unknown camera, to train on beside the objects"),
    "text": ("text.command", "the text encoder: train, export, encode the captions"),
    "train": ("denoiser.train", "the denoiser"),
    "slice": ("denoiser.slice", "a few minutes of a GPU: renders, trains both tiers, writes small files"),
    "soup": ("denoiser.soup", "the mean of several denoisers"),
    "adapter": ("denoiser.adapter", "what shows exemplars, out of a checkpoint and into a denoiser"),
    "sample": ("denoiser.sample", "a contact sheet from a checkpoint"),
    "judge": ("measure.judge", "a retrieval model to measure with"),
    "retrieval": ("retrieval.command", "the scorer and the reward: features, training, export"),
    "evaluate": ("measure.evaluate", "losses, and how well samples obey their prompt"),
    "prompts": ("measure.prompts", "the lists of prompts that a prior is measured on"),
    "card": ("measure.card", "the pictures of the model card: loss by timestep, a labelled contact sheet"),
    "export": ("export.command", "checkpoint to models/default"),
    "compare": ("measure.compare", "ONNX against PyTorch"),
    "library": ("export.library", "the objects as exemplars to be found by the prompt: pictures and an index"),
    "attribution": ("export.attribution", "authors and licences of the objects"),
    "check": ("check", "checks of the conventions, of the data and of weights"),
    "networks": ("graphs.networks", "networks of others with random weights, beside PyTorch's gradients, for src/onnx"),
    "pipeline": ("graphs.pipeline", "a tiny Stable Diffusion with random weights, which the latent prior is tested on"),
    "check_pipeline": ("graphs.check_pipeline", "what steps with that Stable Diffusion did, against PyTorch"),
    "node_tests": ("graphs.node_tests", "ONNX's own node tests, which src/onnx is tested on"),
    "gradient_fixture": ("export.gradient_fixture", "LoRA gradients of the shipped denoiser for the tests"),
}


def main() -> None:
    if len(sys.argv) < 2 or sys.argv[1] not in COMMANDS:
        lines = [f"  {name:17} {what}" for name, (_, what) in COMMANDS.items()]
        print("python -m training COMMAND [--help]\n" + "\n".join(lines))
        sys.exit(0 if sys.argv[1:] in ([], ["--help"]) else 2)
    module, _ = COMMANDS[sys.argv[1]]
    importlib.import_module(f".{module}", __package__).main(sys.argv[2:])


if __name__ == "__main__":
    main()
