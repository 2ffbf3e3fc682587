"""What this project is about, in a few seconds on the user's own machine: ``enomem demo``."""
