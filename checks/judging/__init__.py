"""Tasks, findings, verdicts, and the matrix that they are held against."""
