"""Fuzzing: programs over a few sockets of a target, drawn or made from a graph, each step held against the model."""
