"""What is asked of the senders' closed system."""
