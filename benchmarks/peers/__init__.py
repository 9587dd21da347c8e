"""What people use today for the same tasks, each a command of its own that knows nothing of seqwise."""
