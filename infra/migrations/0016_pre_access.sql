-- Access records: one per request that reads data of patients, written before the answer leaves.

create table access.record (
    access_id uuid primary key,
    recorded_at timestamptz not null default clock_timestamp(),
    kind text not null check (kind in ('read', 'exported', 'emergency_access_taken', 'reviewed')),
    issuer text not null,
    subject text not null,
    role text not null,
    purpose text not null,
    reason text not null,
    relation text not null,
    interface text not null check (interface in ('api', 'page', 'cli')),
    route text not null,
    patients uuid[] not null
);

create index record_patients on access.record using gin (patients);
create index record_recorded_at on access.record (recorded_at);

create trigger record_append_only before update or delete or truncate on access.record
    for each statement execute function es.refuse_change();

comment on table access.record is 'One row per request that reads data of patients; append-only';
comment on column access.record.issuer is 'Who identified the subject: local, page, or an OIDC issuer';
comment on column access.record.purpose is 'Purpose of use as stated, such as TREAT';
comment on column access.record.reason is 'Code of the reason, if the patient was not in the care of the subject; else empty';
comment on column access.record.relation is 'Why the subject may read the patient: panel, team, reason, all, core; empty: a list';
comment on column access.record.route is 'The route as in the documentation, without ids';
comment on column access.record.patients is 'The patients whose data the answer holds: their ids at that time';
