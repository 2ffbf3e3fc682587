"""The machines: pure step functions of a state and an input.

Everything that decides something about sockets, parts, memory or connections stands here, once. The
engines in ``checks`` run these functions on symbols, on arrays and on values; the reference socket runs
them on what really happened. Nothing here does I/O, reads a clock or draws a random number.
"""

if __name__ != "enomem.model":
    raise ImportError(
        f"this package was imported as {__name__!r}, which would make a second copy of every class; "
        "import it as 'enomem.model' (from a checkout: put its 'src' folder on the path)"
    )
