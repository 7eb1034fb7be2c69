"""Solutions of linear equations."""
