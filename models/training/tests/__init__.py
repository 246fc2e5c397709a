"""Checks of what training rests on. Run from the folder `models`: `python -m pytest training`."""
