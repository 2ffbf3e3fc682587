"""Closed systems of one socket of a type with its peers, which come and go; ``model/system.py`` has that of senders.

What belongs here: an application, an environment that may refuse any allocation, and what an observer remembers, around
the machines of ``patterns`` and ``send``. What does not: any decision about a message. As in a running socket, parts
go to the pipe that the pattern named, and the pattern is told what became of them.

``single``: each message goes to one pipe. ``fan``: each message goes to many. ``turning``: whose turn it is.
"""
