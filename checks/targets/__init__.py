"""The sockets that can be fuzzed and checked: one interface, and the libraries that offer it."""
