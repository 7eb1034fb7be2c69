"""Rewrites of tensor graphs: tables of rules and functions, in the phases of ``phases.py``."""
