"""``python -m rrrn`` is the command ``rrrn``."""

from rrrn.cli import main

main()
