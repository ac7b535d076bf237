"""What makes an occluder belong in a clip (``dress``): the clip's light, sharpness and noise, and a shadow."""
