"""Fits by gradient descent."""
