"""nftables in process (libnftables): a change costs 0.1 to 0.4 ms, not the start of a program.

The library looks interface names up in the namespace of the *calling thread*: hence one resident thread for
each namespace. It also keeps the names it found in a variable of its own, shared by all threads: hence one
lock around all calls.
"""

from __future__ import annotations

import ctypes
import queue
import threading
from concurrent.futures import Future
from functools import cache

from lab.errors import LabBroken, LabError
from lab.netns import enter

_library_lock = threading.Lock()


@cache
def _library() -> ctypes.CDLL:
    try:
        lib = ctypes.CDLL("libnftables.so.1")
    except OSError as error:
        raise LabBroken(f"no libnftables: install the Debian package libnftables1 ({error})") from error
    lib.nft_ctx_new.restype = ctypes.c_void_p
    for name in ("nft_ctx_get_output_buffer", "nft_ctx_get_error_buffer"):
        function = getattr(lib, name)
        function.argtypes = [ctypes.c_void_p]
        function.restype = ctypes.c_char_p
    for name in ("nft_ctx_buffer_output", "nft_ctx_buffer_error", "nft_ctx_free"):
        getattr(lib, name).argtypes = [ctypes.c_void_p]
    lib.nft_run_cmd_from_buffer.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
    return lib


class NftThread:
    """nft for the network namespace of process `pid`. Raises LabBroken, OSError when it cannot be entered."""

    def __init__(self, pid: int) -> None:
        self._requests: queue.SimpleQueue[tuple[str, Future[str]] | None] = queue.SimpleQueue()
        started: Future[str] = Future()
        self._thread = threading.Thread(
            target=self._loop, args=(pid, started), name=f"nft-{pid}", daemon=True
        )
        self._thread.start()
        started.result()

    def run(self, script: str) -> str:
        """Run `script` as one transaction, in force for every later frame on return; what nft printed.

        Raises LabError with nft's own message and the script.
        """
        if not self._thread.is_alive():
            raise LabError("nft: this namespace has been let go of")
        answer: Future[str] = Future()
        self._requests.put((script, answer))
        return answer.result()

    def close(self) -> None:
        """End the thread; it lets go of the namespace. May be called twice."""
        self._requests.put(None)
        self._thread.join()

    def _loop(self, pid: int, started: Future[str]) -> None:
        try:
            enter(pid)
            lib = _library()
            with _library_lock:
                context = ctypes.c_void_p(lib.nft_ctx_new(0))
                lib.nft_ctx_buffer_output(context)
                lib.nft_ctx_buffer_error(context)
        except BaseException as error:
            started.set_exception(error)
            return
        started.set_result("")
        while request := self._requests.get():
            script, answer = request
            with _library_lock:
                failed = lib.nft_run_cmd_from_buffer(context, script.encode())
                printed = lib.nft_ctx_get_output_buffer(context).decode()
                complaint = lib.nft_ctx_get_error_buffer(context).decode()
            if failed:
                answer.set_exception(LabError(f"nft: {complaint.strip()}\nin the script:\n{script}"))
            else:
                answer.set_result(printed)
        with _library_lock:
            lib.nft_ctx_free(context)
