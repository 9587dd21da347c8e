"""The run folder: a trained model on disk, its format and its integrity."""
