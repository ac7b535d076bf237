"""Published image networks on the flow of the uncropped face; ``single`` is what they have in common."""
