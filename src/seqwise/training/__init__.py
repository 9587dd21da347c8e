"""Fits a model to a task, evaluates it and writes its run folder."""
