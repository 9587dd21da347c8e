"""Measures seqwise on real data."""
