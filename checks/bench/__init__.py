"""What `enomem bench` measures: engines and sockets, beside others."""
