"""The networks that are compared, and what training asks of each (``network``).

``rrrn`` is the paper's, part by part; ``controls`` leave parts of it out; ``baselines`` are the published image
networks that it is compared with. ``adapt``, ``architectures`` and ``pretrained`` fit published networks and weights.
"""
