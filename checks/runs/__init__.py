"""A recorded run of the reference socket, replayed on the plain machines."""
