"""``rrrn plan``: jobs, bytes and hours of an experiment before it is run, and what it would stop at (``ahead``)."""
