"""Breadth-first search of a machine's states, and liveness on the graph of them."""
