"""What `enomem check` and `enomem explain` do."""
