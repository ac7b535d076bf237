"""Synthetic micro-expression databases with the truth about every clip.

``painting`` draws faces and moves them; ``databases`` puts clips into the layouts of CASME II and SAMM, with the
oddities of their sheets.
"""
