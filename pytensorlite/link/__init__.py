"""From a rewritten graph to a program that computes it: NumPy in `basic`, C in `c`."""
