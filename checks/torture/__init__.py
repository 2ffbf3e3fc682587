"""One failed allocation at a time in a real libzmq process: ``enomem torture``. Where to begin: `command`."""
