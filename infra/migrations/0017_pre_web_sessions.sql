-- Sessions of the pages. Only hashes of secrets are stored: a copy of the database opens no session.

create schema web;

create table web.sign_in_link (
    secret_hash bytea primary key,
    issuer text not null,
    subject text not null,
    roles text[] not null check (cardinality(roles) > 0),
    organisations text[] not null,
    expires_at timestamptz not null
);

comment on table web.sign_in_link is
    'One row per link that signs a person in once; following it deletes the row';
comment on column web.sign_in_link.secret_hash is 'SHA-256 of the secret in the link';

create table web.sign_in_attempt (
    secret_hash bytea primary key,
    state text not null,
    nonce text not null,
    verifier text not null,
    next_page text not null,
    expires_at timestamptz not null
);

comment on table web.sign_in_attempt is
    'One row per browser that was sent to the OIDC provider and has not come back';
comment on column web.sign_in_attempt.secret_hash is 'SHA-256 of the secret in the cookie';
comment on column web.sign_in_attempt.verifier is 'PKCE code verifier, RFC 7636';

create table web.session (
    secret_hash bytea primary key,
    issuer text not null,
    subject text not null,
    roles text[] not null check (cardinality(roles) > 0),
    organisations text[] not null,
    role text not null check (role = any(roles)),
    purpose text not null check (purpose <> ''),
    began_at timestamptz not null default clock_timestamp(),
    seen_at timestamptz not null default clock_timestamp(),
    expires_at timestamptz not null
);

create index session_expires_at on web.session (expires_at);

comment on table web.session is 'One row per person who is signed in to the pages';
comment on column web.session.secret_hash is 'SHA-256 of the secret in the cookie';
comment on column web.session.roles is 'The roles that the person may take';
comment on column web.session.organisations is
    'Codes of the organisations that the person acts for';
comment on column web.session.role is 'The role in which the person acts now';
comment on column web.session.purpose is 'Purpose of use that the person states: HL7 PurposeOfUse';
comment on column web.session.seen_at is 'Last request, to the minute; an idle session ends';
