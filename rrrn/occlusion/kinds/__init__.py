"""One module per kind of occluder, and what kinds that are pictures share (``picture``, ``own_art``)."""
