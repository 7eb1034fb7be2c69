"""The harness: pytensorlite, C written by hand, NumPy and the rivals, on one machine."""
