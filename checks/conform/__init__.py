"""The conformance suite: cases that anybody's socket can be held to, over TCP and through `Target`."""
