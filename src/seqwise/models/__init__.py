"""Builds a model from a task, and computes its predictions and scores."""
