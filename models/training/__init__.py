"""Trains Limbeck's default prior: render, text encoder, denoiser, export."""
