"""The oracle: all states of a network of sockets that explain what was seen of real ones."""
