"""Tests of everything below the graph."""
