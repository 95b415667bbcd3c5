"""Store and topic are compared event by event."""

from dataclasses import replace

from consumers.reconcile import RecordPlace, reconcile
from tests.topic_samples import ModelLog, ModelTopic, event


def filled() -> tuple[ModelLog, ModelTopic]:
    log, topic = ModelLog(), ModelTopic()
    log.append(*(nth % 3 for nth in range(30)))
    topic.publish(log.events)
    return log, topic


def test_a_topic_with_all_events_is_equal_even_with_repeats() -> None:
    log, topic = filled()
    topic.publish(log.events[3:5])
    report = reconcile(log, topic, publish=lambda: 0)
    assert report.equal
    assert (report.events, report.records, report.repeats) == (30, 32, 2)


def test_events_that_the_topic_lacks_are_named() -> None:
    log, topic = filled()
    del topic.kept[0][4:6]
    report = reconcile(log, topic, publish=lambda: 0)
    assert not report.equal
    assert report.missing == 2
    assert report.missing_indexes == [13, 16]
    assert (report.events, report.in_topic) == (30, 28)


def test_events_that_differ_are_named_and_events_in_another_order_do_not_differ() -> None:
    log, topic = filled()
    kept = topic.kept[1]
    kept[0] = replace(kept[0], body=b'{"core":"altered"}')
    kept[2] = event(8, 5, 1, life=1)
    topic.kept[2][3], topic.kept[2][4] = topic.kept[2][4], topic.kept[2][3]
    report = reconcile(log, topic, publish=lambda: 0)
    assert not report.equal
    assert report.differing_indexes == [2, 8]
    assert report.missing == 0


def test_an_event_in_a_wrong_partition_differs() -> None:
    log, topic = filled()
    topic.kept[5] = [topic.kept[0].pop()]
    report = reconcile(log, topic, publish=lambda: 0)
    assert report.differing_indexes == [28]


def test_records_that_the_store_does_not_have_are_named() -> None:
    log, topic = filled()
    topic.publish([event(31, 28, 0)])
    report = reconcile(log, topic, publish=lambda: 0)
    assert not report.equal
    assert report.extra_places == [RecordPlace(0, 10)]
    assert (report.events, report.in_topic) == (30, 31)


def test_events_recorded_during_the_comparison_are_not_compared() -> None:
    log, topic = filled()

    def record_another(stage: str, done: int, total: int) -> None:
        if (stage, done, total) == ("store", 30, 30):
            log.append(0)
            topic.publish(log.events[-1:])

    report = reconcile(log, topic, publish=lambda: 0, progress=record_another)
    assert report.equal
    assert report.events == 30


def test_unpublished_events_are_published_first() -> None:
    log, topic = ModelLog(), ModelTopic()
    log.append(0, 1)

    def publish() -> int:
        return len(topic.publish(log.events))

    report = reconcile(log, topic, publish=publish)
    assert report.equal
    assert report.published == 2


def test_progress_is_reported_for_both_stages() -> None:
    log, topic = filled()
    calls: list[tuple[str, int, int]] = []
    reconcile(log, topic, publish=lambda: 0, progress=lambda *each: calls.append(each))
    assert calls == [("store", 0, 30), ("store", 30, 30), ("topic", 0, 30), ("topic", 30, 30)]
