"""Send many messages over MLLP as hospitals do.

Each sender has a connection of its own, on which one message is in flight at a time.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from queue import Queue
from threading import Event, Lock, Thread
from typing import Final

from infra.mllp_client import MllpClient, NoAnswer, code_of

#: Queued messages per sender. The reader waits when the queue of one sender is full.
_AHEAD: Final = 64


def feed(
    messages: Iterable[tuple[str, bytes]],
    host: str,
    port: int,
    *,
    answered: Callable[[str], None] = lambda _code: None,
    stop: Event | None = None,
    retries: int = 5,
) -> Counter[str]:
    """Send each message on the connection of its sender, in order; count acknowledgement codes.

    Args:
        messages: Name of the sender and the message, in the order of sending.
        host: Host of the listener.
        port: Port of the listener.
        answered: Called with the code of each answer, from several threads.
        stop: Set it to end early. Messages in flight are finished.
        retries: How often a message is sent again after AR or no answer. A message that never gets
            an answer counts as ``""``.
    """
    stop = stop or Event()
    codes, lock = Counter[str](), Lock()
    queues: dict[str, Queue[bytes | None]] = {}
    threads: list[Thread] = []

    def work(queue: "Queue[bytes | None]") -> None:
        with MllpClient(host, port) as client:
            while (message := queue.get()) is not None:
                if stop.is_set():
                    continue
                try:
                    code = code_of(client.send_until_accepted(message, retries=retries, delay=0.2))
                except NoAnswer:
                    code = ""
                with lock:
                    codes[code] += 1
                answered(code)

    for sender, message in messages:
        if stop.is_set():
            break
        if sender not in queues:
            queues[sender] = Queue(_AHEAD)
            threads.append(Thread(target=work, args=(queues[sender],), daemon=True))
            threads[-1].start()
        queues[sender].put(message)
    for queue in queues.values():
        queue.put(None)
    for thread in threads:
        thread.join()
    return codes
