"""``rrrn doctor``: whether this machine can run an experiment, and how to mend what is wrong."""
