"""One line of progress for a run of Snakemake (``--logger rrrn``), and at its end why jobs failed."""
