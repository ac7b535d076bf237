"""TV-L1 optical flow: ``engines`` by name; a folder per engine, on a processor, on a GPU, and OpenCV's as reference."""
