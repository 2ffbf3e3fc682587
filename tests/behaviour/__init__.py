"""What a socket does that a peer can see: each behaviour with a defect of the model that takes it away.

pyzmq's tests and a chat between two sockets stay green without round robin, without fair queueing, without high-water
marks (``facts.md``, section 8). So each behaviour is looked at over TCP, mostly by a peer of plain bytes, and so is the
socket with the defect: a test that does not see the defect is worth nothing.
"""
