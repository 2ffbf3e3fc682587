"""A user's program: works five times with the library that it is given, and bears ENOMEM as its second word says."""

import ctypes
import sys

library = ctypes.CDLL(sys.argv[1])
mode = sys.argv[2]
for number in range(5):
    answer = library.fake_work(mode.encode())
    if answer and mode == "enomem":
        sys.exit("work: Cannot allocate memory")
    if answer and mode == "fails":
        sys.exit("work: something is wrong")
    if answer and mode == "differs":
        continue
    sys.stdout.write(f"work {number}\n")
