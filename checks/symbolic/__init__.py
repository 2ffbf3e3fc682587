"""A step function run on symbols, path by path, and the machines that the engines take."""
