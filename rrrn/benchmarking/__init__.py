"""A model of one's own, given in Python, under the protocol of the workflow: ``rrrn.benchmark``."""
