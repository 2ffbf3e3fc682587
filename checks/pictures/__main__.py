"""``python -m enomem.checks.pictures DIR``."""

from .pages import main

raise SystemExit(main())
