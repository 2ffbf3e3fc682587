"""The normative text, and the reader of its headings and claims."""
