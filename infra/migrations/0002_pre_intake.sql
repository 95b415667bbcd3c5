-- What was received, to the message, and what became of it.

create schema intake;

comment on schema intake is 'Messages received: their bytes, sealed, and what became of each';

-- Inserted first in every transaction: who inserts a key records its message.
create table intake.key (
    key bytea primary key,
    message_id uuid not null
);

comment on table intake.key is 'Idempotency keys of everything received, and the message that came first';

create table intake.message (
    message_id uuid primary key,
    key bytea not null,
    pair_key bytea,
    received_at timestamptz not null default clock_timestamp(),
    arrived_by text not null,
    sender text not null,
    application text not null,
    facility text not null,
    control_id text not null,
    trigger text not null,
    disposition text not null
        check (disposition in ('recorded', 'no_effect', 'quarantined', 'unreadable')),
    reason text not null,
    place text not null,
    warnings text[] not null,
    actor jsonb not null,
    profile_version text not null,
    mapping_version text not null,
    first_index bigint not null check (first_index >= 0),
    last_index bigint not null check (last_index >= first_index),
    sealed bytea not null,
    sealed_for uuid[] not null check (cardinality(sealed_for) > 0),
    commitment bytea not null,
    duplicates integer not null default 0 check (duplicates >= 0),
    last_duplicate uuid,
    last_seen timestamptz not null default clock_timestamp()
);

create index message_pair on intake.message (pair_key) where pair_key is not null;
create index message_disposition on intake.message (disposition, message_id);
create index message_control_id on intake.message (control_id, message_id);

create index message_duplicated on intake.message (message_id) where duplicates > 0;

comment on table intake.message is 'One row per message received; a resend of the same bytes counts on the first';
comment on column intake.message.sealed is 'The bytes as they came, sealed for everybody in sealed_for, the first innermost';
comment on column intake.message.commitment is 'SHA-256 over the salt and the bytes';
comment on column intake.message.last_duplicate is 'The id of the resend counted last: asking for one again counts it once';
comment on column intake.message.first_index is 'Of its events; 0 where it has none';
comment on column intake.message.pair_key is 'SHA-256 over MSH-3, MSH-4, MSH-10: two rows with one value reuse a control id';

-- What stands after commitment counts resends; nothing else ever changes.
create trigger message_unchanged
    before update of message_id, key, pair_key, received_at, arrived_by, sender, application,
        facility, control_id, trigger, disposition, reason, place, warnings, actor, profile_version,
        mapping_version, first_index, last_index, sealed, sealed_for, commitment
    on intake.message for each statement execute function es.refuse_change();
create trigger message_kept before delete or truncate on intake.message
    for each statement execute function es.refuse_change();
create trigger key_kept before update or delete or truncate on intake.key
    for each statement execute function es.refuse_change();

-- Each version of a sender's profile that ever decided something.
create table intake.profile (
    version text primary key,
    name text not null,
    content text not null,
    first_used timestamptz not null default clock_timestamp()
);

create trigger profile_kept before update or delete or truncate on intake.profile
    for each statement execute function es.refuse_change();

comment on table intake.profile is 'Every profile version used; events name theirs in profile_version';
