"""The denoiser: its network, and how it is trained and sampled from."""
