"""What a file is made from, as one digest, and whether files on disk fit what is asked for now.

``sources`` digests code, ``recipes`` all that decides a file; ``asked`` and ``promised`` let jobs compare, ``stale``
looks at finished files when a run starts, ``frames_seen`` and ``unchanged`` at frames.
"""
