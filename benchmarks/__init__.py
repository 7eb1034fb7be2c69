"""The harness: pytensorlite, C written by hand, NumPy and the rivals, side by side on one machine."""
