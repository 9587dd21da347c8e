"""What is to be learned: files and settings as encoded rows, split, classes and vocabulary."""
