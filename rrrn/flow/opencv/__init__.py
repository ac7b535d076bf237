"""The engine ``opencv``: the reference that the others are measured by."""
