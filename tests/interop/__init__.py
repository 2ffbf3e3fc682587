"""enomem against ZeroMQ libraries that nobody here wrote, over TCP. ``pytest tests/interop`` runs it all.

Both ends of a test are an ``ends.End`` of some ``ends.Library``: pyzmq (libzmq, C++), pyomq (Rust), or the subject,
which is enomem. ENOMEM_INTEROP_SUBJECT=pyzmq puts another in its place: so one sees whose fault a failure is.
"""
