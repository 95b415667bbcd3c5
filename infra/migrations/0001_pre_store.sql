-- The event store. Everything in it is appended, never changed.

create schema if not exists es;
create schema relay;

comment on schema es is 'The event store: what was stated, for ever';
comment on schema relay is 'How far the store has been published';

-- One row: whose store this is.
create table es.store (
    singleton boolean primary key default true check (singleton),
    incarnation uuid not null,
    id_key_fingerprint text not null,
    created_at timestamptz not null default clock_timestamp()
);

comment on table es.migration is 'Which migrations have run, and as what';
comment on table es.store is 'Whose store this is: one row';
comment on column es.store.incarnation is 'New for a new store and for one restored from a backup: ids would be given twice';
comment on column es.store.id_key_fingerprint is 'Of the key that ids are derived with; another key is refused';

-- The first five columns have the names that the eventsourcing library reads by.
create table es.event (
    notification_id bigint primary key check (notification_id > 0),
    originator_id uuid not null,
    originator_version bigint not null check (originator_version >= 0),
    topic text not null,
    state bytea not null,
    event_id uuid not null unique,
    partition smallint not null check (partition between 0 and 11),
    previous bigint not null check (previous >= 0 and previous < notification_id),
    recorded_at timestamptz not null,
    happened_at timestamptz,
    subjects uuid[] not null check (subjects[1] = originator_id),
    tenant text not null check (tenant <> ''),
    facility text not null,
    actor jsonb not null,
    cause text not null,
    correlation text not null,
    message_id uuid,
    mapping_version text not null,
    profile_version text not null,
    unique (originator_id, originator_version)
);

create index event_partition on es.event (partition, notification_id);

comment on table es.event is 'One row per event, append-only; body and sealed segments in state';
comment on column es.event.notification_id is 'Dense from 1: the index of the log, in the order of commits';
comment on column es.event.originator_id is 'The stream: the source record a statement is filed under';
comment on column es.event.previous is 'The id of the event before it in its partition, 0 for the first';
comment on column es.event.recorded_at is 'Never runs against notification_id';
comment on column es.event.subjects is 'Everybody the event concerns, its stream first';

create function es.refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '% is append-only: % refused', tg_table_schema || '.' || tg_table_name, tg_op
        using errcode = 'insufficient_privilege';
end;
$$;

create trigger event_append_only
    before update or delete or truncate on es.event
    for each statement execute function es.refuse_change();

-- An advisory lock, because every lock on a table that excludes itself also waits for autovacuum.
-- Whoever holds it until commit gives out ids in the order of commits.
create function es.lock_append() returns void language sql as $$
    select pg_advisory_xact_lock(x'6361726574726169'::bigint);
$$;

-- Appends a batch in the order given. A null version takes the next one of its stream; one that is
-- taken fails as a unique violation. Returns ids and versions in the same order.
create function es.append(
    streams uuid[],
    versions bigint[],
    topics text[],
    bodies bytea[],
    event_ids uuid[],
    partitions smallint[],
    happened timestamptz[],
    subject_lists text[],
    facilities text[],
    actors text[],
    causes text[],
    correlations text[],
    message_ids uuid[],
    mapping_versions text[],
    profile_versions text[],
    tenant_name text
) returns table (id bigint, version bigint) language plpgsql as $$
declare
    last_id bigint;
    last_at timestamptz;
begin
    perform es.lock_append();
    select e.notification_id, e.recorded_at into last_id, last_at
        from es.event e order by e.notification_id desc limit 1;
    last_id := coalesce(last_id, 0);
    last_at := greatest(clock_timestamp(), last_at);
    return query
    with given as (
        select g.*, last_id + g.place as new_id,
            row_number() over (partition by g.stream order by g.place) as nth,
            lag(last_id + g.place) over (partition by g.part order by g.place) as before
        from unnest(
            streams, versions, topics, bodies, event_ids, partitions, happened, subject_lists,
            facilities, actors, causes, correlations, message_ids, mapping_versions,
            profile_versions
        ) with ordinality as g (
            stream, given_version, topic, body, event_id, part, happened_at, subject_list,
            facility, actor, cause, correlation, message_id, mapping_version,
            profile_version, place
        )
    ), heads as materialized (
        select s.stream, coalesce(newest.originator_version, 0) as head
        from (select distinct given.stream from given where given.given_version is null) s
        left join lateral (
            select e.originator_version from es.event e where e.originator_id = s.stream
            order by e.originator_version desc limit 1
        ) newest on true
    ), ends as materialized (
        select p.part, coalesce(newest.notification_id, 0) as last
        from (select distinct given.part from given) p
        left join lateral (
            select e.notification_id from es.event e where e.partition = p.part
            order by e.notification_id desc limit 1
        ) newest on true
    )
    insert into es.event (
        notification_id, originator_id, originator_version, topic, state, event_id, partition,
        previous, recorded_at, happened_at, subjects, tenant, facility, actor, cause, correlation,
        message_id, mapping_version, profile_version
    )
    select given.new_id, given.stream, coalesce(given.given_version, heads.head + given.nth),
        given.topic, given.body, given.event_id, given.part, coalesce(given.before, ends.last),
        last_at, given.happened_at, given.subject_list::uuid[], tenant_name, given.facility,
        given.actor::jsonb, given.cause, given.correlation, given.message_id,
        given.mapping_version, given.profile_version
    from given
    join ends on ends.part = given.part
    left join heads on heads.stream = given.stream
    order by given.new_id
    returning notification_id, originator_version;
    -- A hint for who waits; what was missed is found by polling.
    perform pg_notify('es_event', (last_id + cardinality(streams))::text);
end;
$$;
