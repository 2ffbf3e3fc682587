"""``python -m enomem`` is the command ``enomem``."""

from enomem.checks.cli import main

if __name__ == "__main__":
    main()
