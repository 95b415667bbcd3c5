-- Data keys, wrapped by the master key, which is never in the database.

create schema keys;

comment on schema keys is 'Wrapped data keys; destroying a row destroys what was sealed with it';

create table keys.master_key (
    fingerprint text primary key,
    created_at timestamptz not null default clock_timestamp()
);

comment on table keys.master_key is 'What tells the master key from another, without giving it away';

create sequence keys.data_key_id;

create table keys.data_key (
    key_id bigint primary key,
    wrapped bytea not null,
    master_key text not null references keys.master_key (fingerprint),
    made_at timestamptz not null default clock_timestamp()
);

comment on table keys.data_key is 'One key per subject, or spare';
comment on column keys.data_key.wrapped is 'AES-256-GCM under the master key: nonce, ciphertext, tag; associated data: the key id';

-- Keys made ahead that no process has taken yet.
create table keys.spare (
    key_id bigint primary key references keys.data_key (key_id) on delete cascade
);

comment on table keys.spare is 'Data keys that no process has taken yet';

-- In the store's schema, because a subject takes its key in the transaction of its first event.
create table es.subject_key (
    subject uuid primary key,
    key_id bigint not null unique,
    taken_at timestamptz not null default clock_timestamp()
);

create trigger subject_key_append_only before update or delete or truncate on es.subject_key
    for each statement execute function es.refuse_change();

comment on table es.subject_key is 'Which data key a subject has; never another one';
