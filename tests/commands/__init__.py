"""Tests of what is typed at a prompt."""
