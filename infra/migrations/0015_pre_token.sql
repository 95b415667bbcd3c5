-- Local tokens of people and programs that use the API. Only a hash of each token is kept.

create schema access;

comment on schema access is 'Who may use the API and the pages, and who read data of which patient';

create table access.token (
    token_id uuid primary key,
    hash bytea not null unique check (octet_length(hash) = 32),
    subject text not null check (subject <> ''),
    name text not null,
    roles text[] not null check (cardinality(roles) > 0),
    organisations text[] not null,
    issued_at timestamptz not null default clock_timestamp(),
    issued_by text not null,
    expires_at timestamptz not null check (expires_at > issued_at),
    revoked_at timestamptz
);

comment on table access.token is 'One row per local token; a backup leaves it out';
comment on column access.token.hash is 'SHA-256 of the token, which is random: 32 bytes';
comment on column access.token.subject is 'Who acts with it: a code';
comment on column access.token.organisations is 'Codes of the organisations that the subject acts for';
comment on column access.token.revoked_at is 'Null: not revoked';
