-- A batch of own commands in two statements: what they are decided on, and what they record. Each is
-- one round trip, and no lock is held while a client thinks. Their plans are made once: planning
-- takes longer than reading a few rows by their keys. A lateral row is looked up by an index,
-- whatever the table held when the plan was made.

-- Returns the events of streams, without a key, and what the commands with some keys recorded: the key
-- with each of its events.
create function es.look(streams uuid[], keys bytea[]) returns table (
    key bytea, content bytea, stream text, before bigint, events integer, warnings text[],
    index bigint, event_id text, topic text, version bigint, state bytea
) language plpgsql stable
set plan_cache_mode = force_generic_plan as $$
begin
    return query
    select null::bytea, null::bytea, e.originator_id::text, null::bigint, null::integer,
        null::text[], e.notification_id, e.event_id::text, e.topic, e.originator_version, e.state
    from unnest(streams) as wanted (id)
    cross join lateral (
        select * from es.event where originator_id = wanted.id offset 0
    ) as e
    union all
    select k.key, k.content, k.stream::text, k.version, k.events, k.warnings, e.notification_id,
        e.event_id::text, e.topic, e.originator_version, null::bytea
    from unnest(keys) as wanted (key)
    cross join lateral (select * from es.command_key c where c.key = wanted.key offset 0) as k
    left join lateral (
        select * from es.event
        where originator_id = k.stream
            and originator_version > k.version and originator_version <= k.version + k.events
        offset 0
    ) as e on true
    order by 10;
end;
$$;

comment on function es.look is 'Returns the events of streams, and what commands with some keys recorded';

-- Records commands with their idempotency keys and events, all of them or none, and returns index and
-- version of each event. 40001: a key or a version is taken, a stream lacks the version before, or
-- a subject has another key; then nothing is recorded.
create function es.record_commands(
    command_keys bytea[],
    contents bytea[],
    key_streams uuid[],
    befores bigint[],
    event_counts integer[],
    warning_lists text[],
    proposed_for uuid[],
    proposed bigint[],
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
) returns table (id bigint, version bigint) language plpgsql
set plan_cache_mode = force_generic_plan as $$
declare
    claimed bigint;
begin
    if cardinality(proposed_for) > 0 then
        perform from es.take_keys(proposed_for, proposed);
        if found then
            raise exception 'a subject has another key' using errcode = '40001';
        end if;
    end if;
    -- Sorted, so that two writers with keys in common never wait for each other in a circle.
    insert into es.command_key (key, content, stream, version, events, warnings)
    select given.key, given.content, given.stream, given.before, given.events,
        given.warnings::text[]
    from unnest(command_keys, contents, key_streams, befores, event_counts, warning_lists)
        as given (key, content, stream, before, events, warnings)
    where given.before = 0 or (
        select true from es.event e
        where e.originator_id = given.stream and e.originator_version = given.before limit 1
    )
    order by 1 on conflict (key) do nothing;
    get diagnostics claimed = row_count;
    if claimed < cardinality(command_keys) then
        raise exception 'a key is taken, or a stream lacks a version' using errcode = '40001';
    end if;
    if cardinality(streams) > 0 then
        return query select * from es.append(
            streams, versions, topics, bodies, event_ids, partitions, happened, subject_lists,
            facilities, actors, causes, correlations, message_ids, mapping_versions,
            profile_versions, tenant_name
        );
    end if;
end;
$$;

comment on function es.record_commands is 'Records own commands with their keys and events in one statement; 40001: record each alone';
