"""Occluders on faces: ``wearing`` puts one on a clip, ``compositing`` lays it over a frame.

``holding``: where it is in each frame; ``kinds``: what masks, glasses and patches are; ``drawings``: their pictures;
``look``: the clip's light, sharpness and noise on them; ``truth``: what they hide; ``framing``: frames that show more
than the face; ``command``: ``rrrn occlude``; ``in_memory``: ``rrrn.occlude``.
"""
