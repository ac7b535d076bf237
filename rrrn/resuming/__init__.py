"""``rrrn resume``: what a killed run left behind, and going on with it."""
