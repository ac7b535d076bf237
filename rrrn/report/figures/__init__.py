"""The figures: one module each, whose ``draw`` makes it of what was found."""
