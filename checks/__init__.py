"""What is asked of the machines, and the engines that answer: symbolic runs, search, proof, plain stepping."""

if __name__ != "enomem.checks":
    raise ImportError(
        f"this package was imported as {__name__!r}, which would make a second copy of every class; "
        "import it as 'enomem.checks' (from a checkout: put its 'src' folder on the path)"
    )
