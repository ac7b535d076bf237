"""``rrrn occlude``: an occluder over any clip, without the workflow."""
