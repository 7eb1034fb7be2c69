"""Factors of matrices."""
