"""What a person sees while a check runs, and the report of it for machines."""
