"""Where a peer is known not to do what the specification asks: case id -> reason.

A case is named as pytest names it, without the folder: ``test_pairs.py::test_name[parameters]``. It is run all the same
and must fail; once the peer is mended it succeeds, the run turns red, and the line has to go. Nothing here excuses
enomem: a defect of our own is mended, not listed.
"""

DEVIATIONS: dict[str, str] = {}
