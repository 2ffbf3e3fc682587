"""The I/O thread of a context: waits for descriptors and clocks, and calls whoever asked for them.

Nothing is decided here. All callbacks run with the context's lock held. Other threads that hold the lock may do a
connection's reading and writing themselves; this thread is for what happens between an application's calls.
"""

import contextlib
import heapq
import itertools
import os
import selectors
import signal
import threading
import time
import weakref
from collections.abc import Callable
from typing import Any

READABLE, WRITABLE = selectors.EVENT_READ, selectors.EVENT_WRITE
Callback = Callable[[int], None]
LONGEST = 60.0
"""Seconds after which the thread looks around though nothing happened."""


TICK = 0.001
"""Seconds after which it looks for more to do, once somebody had something to do."""


class Timer:
    """A call that is due at a time, unless it is cancelled."""

    __slots__ = ("call",)

    def __init__(self, call: Callable[[], None] | None) -> None:
        self.call = call

    def cancel(self) -> None:
        """Do not call."""
        self.call = None


class Reactor:
    """One thread, one selector, one heap of timers."""

    clock: Callable[[], float] = staticmethod(time.monotonic)
    """Seconds; what timers go by."""

    def __init__(self, lock: threading.RLock, failed: weakref.WeakMethod[Callable[[BaseException], None]]) -> None:
        self._lock = lock
        self._failed = failed
        self._selector = selectors.DefaultSelector()
        self._timers: list[tuple[float, int, Timer]] = []
        self._count = itertools.count()
        self._soon: list[Callable[[], None]] = []
        self._thread: threading.Thread | None = None
        self._stopped = self._closed = False
        self.turned: list[Callable[[], None]] = []
        self._woken = False
        self._warm = False
        self._sleeping_until = 0.0
        self._wake_out, self._wake_in = os.pipe()
        os.set_blocking(self._wake_out, False)
        os.set_blocking(self._wake_in, False)
        self._selector.register(self._wake_out, READABLE, self._drain)

    def start(self) -> None:
        """Start the thread, if it does not run yet; RuntimeError if the machine has no thread for it."""
        if self._thread is None and not self._stopped:
            thread = threading.Thread(target=self._run, name="enomem-io", daemon=True)
            thread.start()
            self._thread = thread

    def stop(self) -> None:
        """End the thread, and wait for it; call it without the lock. Twice, and by several threads, is fine."""
        with self._lock:
            self._stopped = True
            thread = self._thread
            self.wake(always=True)
        if thread is None:
            self.close()
        elif thread is not threading.current_thread():
            thread.join()

    def close(self) -> None:
        """Close what the thread waits with; the thread does that as the last thing, unless it was never started."""
        with self._lock:
            if not self._closed:
                self._stopped = self._closed = True
                self._selector.close()
                os.close(self._wake_out)
                os.close(self._wake_in)

    def abandon(self) -> None:
        """In a forked child: there is no thread, and the descriptors are copies."""
        self._thread = None
        self.close()

    def watch(self, descriptor: int, mask: int, callback: Callback) -> None:
        """Call ``callback(mask)`` whenever ``descriptor`` is ready for something of ``mask``."""
        self._selector.register(descriptor, mask, callback)
        self.wake()

    def rewatch(self, descriptor: int, mask: int, callback: Callback) -> None:
        """Watch for another ``mask``; 0 is for errors only."""
        self._selector.modify(descriptor, mask, callback)
        self.wake()

    def forget(self, descriptor: int) -> None:
        """Watch ``descriptor`` no longer."""
        with contextlib.suppress(KeyError):
            self._selector.unregister(descriptor)

    def later(self, milliseconds: float, call: Callable[[], None]) -> Timer:
        """Call after some time."""
        timer = Timer(call)
        due = self.clock() + milliseconds / 1000
        heapq.heappush(self._timers, (due, next(self._count), timer))
        if due < self._sleeping_until:
            self.wake()
        return timer

    def soon(self, call: Callable[[], None]) -> None:
        """Call from the thread: at once, or within `TICK` of the last such call, so that calls come together."""
        self._soon.append(call)
        if not self._warm:
            self.wake()

    def wake(self, always: bool = False) -> None:
        """Have the thread look around, unless it is about to anyway."""
        if self._closed or (self._woken and not always):
            # Once it is closed, the number of its descriptor may be another's.
            return
        if self._thread is threading.current_thread():
            return
        self._woken = True
        with contextlib.suppress(BlockingIOError):
            os.write(self._wake_in, b"!")

    def _drain(self, _mask: int) -> None:
        self._woken = False
        with contextlib.suppress(BlockingIOError):
            while os.read(self._wake_out, 4096):
                pass

    def _run(self) -> None:
        # Signals belong to the application's threads.
        if hasattr(signal, "pthread_sigmask"):
            signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        try:
            while not self._stopped:
                self._turn()
        except BaseException as error:  # the thread must not die in silence: every socket of the context is told
            failed = self._failed()
            if failed is not None:
                failed(error)
            raise
        finally:
            self.close()

    def _turn(self) -> None:
        with self._lock:
            wait = LONGEST
            if self._soon:
                wait = 0.0
            elif self._warm:
                wait = TICK
            if self._timers:
                wait = min(wait, max(0.0, self._timers[0][0] - time.monotonic()))
            self._sleeping_until = time.monotonic() + wait
        ready: list[Any] = self._selector.select(wait)
        with self._lock:
            if self._stopped:
                return
            self._sleeping_until = 0.0
            self._warm = self._serve(ready)
            self._due()
            for told in self.turned:
                told()

    def _serve(self, ready: list[Any]) -> bool:
        """Call whoever waits for these descriptors, and what is to be called soon; False if there was none of that."""
        for key, mask in ready:
            # An earlier callback of this turn may have ended a later one's connection.
            watched = self._selector.get_map().get(key.fd)
            if watched is not None and watched.data == key.data:
                key.data(mask)
        calls, self._soon = self._soon, []
        for call in calls:
            call()
        return bool(calls)

    def turn(self) -> bool:
        """One turn by the calling thread, which holds the lock, without waiting; False if there was nothing to do.

        Timers, and who wakes the thread, are left to the thread, which reckons with them. Each of ``turned`` is called
        when the thread has made one of its own turns.
        """
        if self._closed:
            return False
        ready = [(key, mask) for key, mask in self._selector.select(0) if key.fd != self._wake_out]
        return self._serve(ready) or bool(ready)

    def _due(self) -> None:
        now = self.clock()
        while self._timers and self._timers[0][0] <= now:
            call = heapq.heappop(self._timers)[2].call
            if call is not None:
                call()
