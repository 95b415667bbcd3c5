"""The role that receives ADT over MLLP."""

import asyncio
import gc
import ssl
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from threading import Event
from typing import Any, Final, Generic

import structlog

from caretrail.bootstrap import opened
from caretrail.intake import reading_context
from commands.ports.intake import MessageOutcome
from consumers.intake import AnsweredMessage, MllpIntake, Ready
from infra import clock, health, metrics
from infra.mllp import Limits, Listener, tls_context
from infra.settings import BadSettings, Settings

log = structlog.get_logger()

_FAILED_SECONDS: Final = 30.0  # how long a failure to record makes the role not ready


class WatchedRecorder(Generic[Ready]):
    """Records batches and remembers failures: a database may answer and yet have no disk space.

    Args:
        record: Records a batch.
        now: Seconds on a clock that only goes forward.
    """

    def __init__(
        self,
        record: Callable[[Sequence[Ready]], list[MessageOutcome]],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._record = record
        self._now = now
        self._failed: float | None = None

    def __call__(self, messages: Sequence[Ready]) -> list[MessageOutcome]:
        """Record a batch. An exception is remembered and raised again."""
        try:
            outcomes = self._record(messages)
        except Exception:
            self._failed = self._now()
            raise
        self._failed = None
        return outcomes

    def problems(self) -> Mapping[str, str]:
        """Report "not ready" for 30 s after a failure.

        It ends by itself, because no later message may arrive to clear it.
        """
        failed = self._failed
        if failed is None or self._now() - failed > _FAILED_SECONDS:
            return {}
        return {"recording": "messages cannot be recorded and are answered AR"}


def run(settings: Settings, stop: Event) -> None:
    """Listen until ``stop`` is set; then answer the messages in flight and end."""
    with opened(settings) as application:
        recorder = WatchedRecorder(application.record_ready)
        intake = MllpIntake(
            context=reading_context(application, arrived_by="mllp"),
            prepare=application.make_ready,
            prepare_at_once=partial(application.make_ready, may_wait=False),
            record=recorder,
            now=clock.now,
            answered=_count,
        )
        listener = Listener(
            intake.read,
            intake.answer,
            host=settings.mllp_host,
            port=settings.mllp_port,
            limits=Limits(
                message=settings.mllp_max_message,
                connections=settings.mllp_max_connections,
                connections_of_host=settings.mllp_max_host_connections,
                frame_seconds=settings.mllp_frame_seconds,
            ),
            tls=_tls(settings),
            accepts_bare_end=intake.accepts_bare_end,
        )
        listening = Event()

        def problems() -> Mapping[str, str]:
            found = {} if listening.is_set() else {"mllp": "does not listen yet"}
            if (stuck := listener.stuck_seconds()) > _FAILED_SECONDS:
                found["mllp"] = f"messages have been waiting for their answers for {stuck:.0f} s"
            return {**found, **recorder.problems(), **application.problems()}

        # Objects made so far live as long as the process. Checking them for garbage again and again
        # would take a tenth of the time.
        gc.freeze()
        with health.serving(settings.health_port, problems):
            asyncio.run(_listen(listener, settings, stop, listening))


async def _listen(
    listener: Listener[Any], settings: Settings, stop: Event, listening: Event
) -> None:
    try:
        port = await listener.start()
    except OSError as error:
        raise BadSettings(f"CARETRAIL_MLLP_HOST, CARETRAIL_MLLP_PORT: {error.strerror}") from error
    metrics.CONNECTIONS.set_function(lambda: len(listener.connections))
    listening.set()
    log.info("mllp.listening", host=settings.mllp_host, port=port)
    await asyncio.to_thread(stop.wait)
    await listener.stop()


def _tls(settings: Settings) -> ssl.SSLContext | None:
    if settings.mllp_tls_certificate is None:
        return None
    return tls_context(
        str(settings.mllp_tls_certificate),
        str(settings.mllp_tls_key) if settings.mllp_tls_key else None,
        str(settings.mllp_tls_client_ca) if settings.mllp_tls_client_ca else None,
    )


def _count(answers: Sequence[AnsweredMessage], seconds: float) -> None:
    metrics.INGEST_SECONDS.observe(seconds)
    metrics.BATCH_MESSAGES.observe(len(answers))
    # Summed by label first: looking up a label costs more than reading a message.
    for key, count in Counter((each.source, each.trigger, each.ack) for each in answers).items():
        metrics.MESSAGES.labels(*key).inc(count)
    for disposition, count in Counter(each.disposition for each in answers).items():
        metrics.DISPOSITIONS.labels(disposition).inc(count)
    for source in {each.source for each in answers}:
        metrics.note_answered(source)
