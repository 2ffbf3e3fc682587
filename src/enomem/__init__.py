"""What a ZeroMQ socket does when memory runs out: an executable, machine-checked specification.

The public names are those a policy's author needs. The machines are in :mod:`enomem.model`, what is asked of them
and the engines that answer in :mod:`enomem.checks`, the normative text in :mod:`enomem.spec`.
"""

from enomem.model.memory import Site
from enomem.model.policies import DISCARD, KEEP, RESERVE, SKIP, Reaction, SendPolicy, Unfinished

__version__ = "0.1.0"
__all__ = ["DISCARD", "KEEP", "RESERVE", "SKIP", "Reaction", "SendPolicy", "Site", "Unfinished", "__version__"]
