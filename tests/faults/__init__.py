"""What peers can do wrong: go at any octet, say nothing, say rubbish, say too much, come and go by the thousand.

The oracle is always the same, in the fixture ``opened`` and in ``wellness``: no exception escapes, what is received is
whole messages that were sent, the other sockets of the context go on, and the pool returns to zero.
"""
