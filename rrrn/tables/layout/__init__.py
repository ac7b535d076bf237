"""How does a table look? Which cell stands where, how a number is written, and CSV, Markdown and LaTeX of the same."""
