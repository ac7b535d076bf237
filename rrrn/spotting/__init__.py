"""Where an expression is in a clip: its onset, apex and offset, found from the motion of the skin.

- ``regions``: the parts of a face whose motion is watched, and what of it an expression leaves at rest;
- ``course``: how they move from frame to frame, without what the head does;
- ``moments``: which frames that makes onset, apex and offset, and whether that is sure;
- ``spot``: all of it, from a clip's frames.
"""
