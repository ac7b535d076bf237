"""Databases as they come out of their archives: folders, spreadsheets, durations, and the oddities of real ones."""
