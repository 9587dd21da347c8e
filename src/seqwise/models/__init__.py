"""What a model is: built from a task, and asked for decisions and scores."""
