"""Videos frame by frame, as a player shows them: decoded whole or not at all."""
