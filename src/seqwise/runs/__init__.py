"""The run folder, which holds a trained model on disk: its format and integrity checks."""
