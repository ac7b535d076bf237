"""What the six regions of ``region_boxes.boxes`` are called, in their order: in tables, reports and predictions."""

REGIONS = ("whole face", "top left", "top right", "centre down", "centre 0.9", "centre 0.85")
