"""Sockets on the command line: `enomem send`, `recv` and the like."""
