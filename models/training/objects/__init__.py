"""The object set: its captions, its pictures, and batches of both."""
