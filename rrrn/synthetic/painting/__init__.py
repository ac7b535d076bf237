"""A subject's face, painted once, and the clips that it is warped into: shape, skin, light, motion, noise."""
