"""The cases, one file a section."""
