"""What is asked of the patterns' closed systems."""
