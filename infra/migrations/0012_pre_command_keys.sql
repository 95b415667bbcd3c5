-- Idempotency keys of own commands. A key is inserted first in the transaction of its events.

create table es.command_key (
    key bytea primary key,
    content bytea not null,
    stream uuid not null,
    version bigint not null check (version >= 0),
    events integer not null check (events >= 0),
    recorded_at timestamptz not null default clock_timestamp()
);

create trigger command_key_append_only before update or delete or truncate on es.command_key
    for each statement execute function es.refuse_change();

comment on table es.command_key is 'One row per own command with an idempotency key: what the command recorded';
comment on column es.command_key.key is 'Keyed hash of the actor and the key as given';
comment on column es.command_key.content is 'Keyed hash of the command: the same key with another content is refused';
comment on column es.command_key.version is 'Version of the stream before the command';
comment on column es.command_key.events is 'How many events the command appended; 0: the stream held its facts already';
