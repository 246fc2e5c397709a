"""What judges views: the scorer that measures, and the reward that may be optimised."""
