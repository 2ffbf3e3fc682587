"""The generated documents: pictures and tables made from the code."""
