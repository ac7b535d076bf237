"""RRRN with parts left out, to tell what each part earns; they take RRRN's settings, hence its trunks."""
