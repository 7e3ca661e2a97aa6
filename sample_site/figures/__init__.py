"""Figures about the directory, as functions."""
