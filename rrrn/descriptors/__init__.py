"""The handcrafted descriptors of the comparison; ``blocks`` and ``local_binary`` are what they have in common."""
