"""Rewrites of tensor graphs: tables of rules and functions, gathered into phases in ``phases.py``."""
