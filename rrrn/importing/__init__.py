"""``rrrn import``: from CASME II, SAMM or any table to a clip table, with every known error repaired and flagged."""
