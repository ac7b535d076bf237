"""Descriptors as transformers of scikit-learn, of gray videos and of optical flow."""
