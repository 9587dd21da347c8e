"""Turns the line: config, preparation, loop, checkpoints, judgement and the run folder."""
