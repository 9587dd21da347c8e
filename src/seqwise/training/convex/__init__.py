"""Fits what is convex, at once."""
