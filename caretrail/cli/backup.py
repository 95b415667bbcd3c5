"""Backups: ``backup``, ``restore``."""

from argparse import Namespace
from dataclasses import asdict
from pathlib import Path

from caretrail.bootstrap import opened
from caretrail.cli import WRONG_USAGE
from caretrail.cli.output import json_line, line, note
from caretrail.home import database, id_key_of
from caretrail.progress import progress
from domain.ids import DEVELOPMENT_KEY, IdKey
from infra import id_key, log, settings
from infra.backup import back_up_keys, back_up_store
from infra.restore import Target, restore_store
from infra.restore_keys import id_key_in, restore_keys
from infra.settings import Settings

_MIB = 1 << 20


def backup(options: Namespace) -> int:
    """Write the store, its data keys, or both to files, while a service goes on."""
    if not _names_a_file(options):
        return WRONG_USAGE
    log.configure("backup", "warning")
    chosen = settings.load()
    keys_url = chosen.keys_database_url
    store, keys = None, None
    with database(chosen) as url, progress("backed up, MiB", None) as shown:

        def done(size: int) -> None:
            shown(size // _MIB)

        if options.store:
            store = back_up_store(url, options.store, shown=done)
        if options.keys:
            keys = back_up_keys(
                url,
                options.keys,
                id_key=id_key_of(chosen, url),
                master_key_file=chosen.master_key_file,
                keys_url=keys_url.get_secret_value() if keys_url else None,
                shown=done,
            )
    if options.json:
        json_line({"store": store, "keys": keys})
    else:
        if store:
            line(f"{store.events} events, {store.messages} messages: {store.file}")
        if keys:
            line(f"{keys.keys} data keys: {keys.file}")
    note(
        "caretrail: the backup of the keys opens with the master key alone, and no backup holds"
        f" that one ({chosen.master_key_file}): keep a copy of it in another place"
    )
    return 0


def restore(options: Namespace) -> int:
    """Restore a store and its data keys, and build the read models; or add data keys alone."""
    if not _names_a_file(options):
        return WRONG_USAGE
    log.configure("restore", "warning")
    chosen = settings.load()
    keys_url = chosen.keys_database_url
    with database(chosen) as url:
        target = Target(
            url=url,
            keys_url=keys_url.get_secret_value() if keys_url else None,
            id_key=_id_key(chosen, options.keys),
            external=chosen.database_url is not None,
            master_key_file=chosen.master_key_file,
        )
        if not options.store:
            return _restore_keys(target, options, chosen)
        size = 2 * options.store.stat().st_size
        with progress("checked and restored, MiB", size // _MIB) as shown:
            restored = restore_store(
                target, options.store, options.keys, shown=lambda done: shown(done // _MIB)
            )
        _keep_id_key(chosen, target.id_key)
        with (
            opened(chosen) as application,
            application.connect() as connection,
            progress("rebuilding", restored.index) as shown,
        ):
            rebuilt = application.read_models.rebuild(
                connection,
                (),
                restored.index,
                progress=lambda stage, done, _of: shown(done) if stage == "fold" else None,
            )
    result = asdict(restored) | {"parked": len(rebuilt.parked)}
    if options.json:
        json_line(result)
    else:
        line(f"{restored.events} events, {restored.messages} messages, {rebuilt.rows} rows")
    if restored.keys_missing:
        note(
            f"caretrail: the data keys of {restored.keys_missing} of {restored.subjects} subjects"
            " are not in the backup: what was sealed with them cannot be read. If they were not"
            " destroyed on purpose, restore a newer backup of the keys: caretrail restore --keys"
        )
    if restored.generation:
        note(
            "caretrail: the restored store publishes to a new generation of the topics,"
            f" {restored.generation}. Tell other readers of the topic to start again there; see"
            " docs/how-to/begin-a-new-generation.md"
        )
    return 0


def _restore_keys(target: Target, options: Namespace, chosen: Settings) -> int:
    restored = restore_keys(
        target.keys_url or target.url,
        options.keys,
        id_key=target.id_key,
        master_key_file=target.master_key_file,
    )
    _keep_id_key(chosen, target.id_key)
    if options.json:
        json_line(asdict(restored))
    else:
        line(f"{restored.keys} data keys in the backup, {restored.added} of them added")
    return 0


def _id_key(chosen: Settings, keys: Path | None) -> IdKey:
    """Return the id key of this installation; a home that has none takes it from the backup.

    The development key is returned if none is found: the restore refuses it unless the store was
    made with it.
    """
    if chosen.id_key is not None:
        return IdKey(bytes.fromhex(chosen.id_key.get_secret_value()))
    found = id_key.load(chosen.id_key_file)
    if found is None and keys is not None:
        found = id_key_in(keys, master_key_file=chosen.master_key_file)
    return found or IdKey(DEVELOPMENT_KEY)


def _keep_id_key(chosen: Settings, key: IdKey) -> None:
    """Write the id key to the home, unless a setting gives it or it is the development key."""
    if chosen.id_key is None and key.secret != DEVELOPMENT_KEY:
        id_key.make(chosen.id_key_file, key)


def _names_a_file(options: Namespace) -> bool:
    files: list[Path | None] = [options.store, options.keys]
    if not any(files):
        note("caretrail: name a file: --store FILE, --keys FILE, or both")
    return any(files)
