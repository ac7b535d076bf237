"""The networks that are compared, and what training asks of each (``network``).

``rrrn`` is the paper's, part by part; ``controls`` leave parts of it out; ``baselines`` are the published networks that
it is compared with. ``backbones`` and ``strain`` are what several of them are made of; ``adapt``, ``architectures`` and
``pretrained`` fit published networks and weights.
"""
