"""Published networks that RRRN is compared with.

Two image networks, ``resnet18`` and ``vgg16``, and four small ones for flow, ``ststnet``, ``offapexnet``, ``sssnet``
and ``dual_inception``, see the uncropped face; ``single`` is what they have in common, ``layers`` what the small ones
are made of beside PyTorch's. ``ran`` sees the six regions.
"""
