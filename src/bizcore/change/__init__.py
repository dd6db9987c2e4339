"""Acts are values; a planner reads a view and gives changes; applying is another layer's business."""
