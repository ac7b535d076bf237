"""Faces: landmarks, their course through a clip, rotation, and the six regions that RRRN sees."""
