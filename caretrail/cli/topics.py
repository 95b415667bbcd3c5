"""``topics``: the topics on Kafka."""

from argparse import Namespace
from dataclasses import asdict

from caretrail.cli.home import open_home
from caretrail.cli.output import columns, json_line, json_lines, line, note
from caretrail.publishing import brokers_of, next_generation
from caretrail.topic_generation import generation_of
from infra import topics


def topics_ls(options: Namespace) -> None:
    """List the topics and their settings."""
    with open_home() as application, brokers_of(application.settings) as brokers:
        prefix = application.settings.topic_prefix
        found = topics.ls(brokers, prefix, generation_of(application))
    if options.json:
        json_lines(map(asdict, found))
    else:
        columns(
            ("topic", "partitions", "replication", "as wanted"),
            [(each.name, each.partitions, each.replication, each.as_wanted) for each in found],
        )


def topics_apply(options: Namespace) -> None:
    """Create missing topics and correct settings that differ; or begin a new generation."""
    with open_home() as application, brokers_of(application.settings) as brokers:
        begin = next_generation if options.new_generation else generation_of
        number = begin(application)
        changed = topics.apply(brokers, application.settings.topic_prefix, number)
    if options.new_generation:
        note(
            "caretrail: the read models were rebuilt from the store. A service that has halted goes"
            " on by itself with the new topics. Restart a service that has not: it still publishes"
            " to the old ones. The old topics stay until you delete them."
        )
    if options.json:
        json_line({"generation": number, "changed": changed})
    else:
        line("changed: " + ", ".join(changed) if changed else "all topics are as wanted")
