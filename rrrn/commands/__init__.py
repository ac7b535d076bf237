"""Commands of ``rrrn`` that are one module each. Others stand in their own folders, as ``rrrn/cli.py`` lists them."""
