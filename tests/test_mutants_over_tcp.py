"""Each defect of the machines that the engines find is found in running sockets as well, over TCP.

A mutant is at work in both sockets while an application talks, and every allocation is refused in turn. Where the
application sees the same as without the defect, the mutant stands in `HIDDEN`, with the reason.
"""
