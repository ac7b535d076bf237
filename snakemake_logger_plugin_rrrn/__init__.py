"""``--logger rrrn``: one line of progress for a run of Snakemake, and at its end why jobs failed.

Snakemake finds plugins by the name of their package, and imports all that are installed before it looks at its
Snakefile. So nothing of rrrn is imported here: the Snakefile of another checkout brings its own.
"""

from snakemake_logger_plugin_rrrn.handler import LogHandler

__all__ = ["LogHandler"]
