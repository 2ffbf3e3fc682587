"""The targets, the suite that is asked of them, and what becomes of those that lie, die or hang."""
