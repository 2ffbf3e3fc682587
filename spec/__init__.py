"""The normative text, and the reader of its headings and claims."""

if __name__ != "enomem.spec":
    raise ImportError(
        f"this package was imported as {__name__!r}, which would make a second copy of every class; "
        "import it as 'enomem.spec' (from a checkout: put its 'src' folder on the path)"
    )
