"""The text encoder and its tokenizer."""
