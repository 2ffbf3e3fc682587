"""The commands of ``enomem``, as click has them: options and help. What a command does is imported when it is run."""
