"""Snakemake's ``--logger rrrn``: it finds plugins by the name of their package, at the top of Python's path."""

from rrrn.progress.handler import LogHandler

__all__ = ["LogHandler"]
