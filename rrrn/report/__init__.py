"""What people look at: figures, one module each, and the pages of one HTML file.

- ``found`` reads the folder of results; ``catalogue`` lists the figures; ``figure`` is one, and ``theme`` how it looks.
- ``figures``: one module for each, with ``draw(found)``; ``pages``: one for each page, with ``page(found)``.
- ``document`` puts pages into the templates, with style and script inside.
"""
