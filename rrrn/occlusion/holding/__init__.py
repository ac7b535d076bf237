"""How the skull moves in a clip, by landmarks and by registered skin, so that an occluder moves with it."""
