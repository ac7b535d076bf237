"""What lies on disk: the clip table, images and videos, HDF5 shards, predictions, and how each is read and written."""
