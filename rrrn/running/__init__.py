"""How a module becomes a command, and the workflow a run: arguments, logs, whole files, cards, submitted jobs."""
