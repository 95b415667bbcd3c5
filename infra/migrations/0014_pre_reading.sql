-- A message may be read again, with the profiles and the mapping of today: what became of it then.

create table intake.reading (
    message_id uuid not null,
    number integer not null check (number > 1),
    read_at timestamptz not null default clock_timestamp(),
    sender text not null,
    control_id text not null,
    trigger text not null,
    disposition text not null
        check (disposition in ('recorded', 'no_effect', 'quarantined', 'unreadable')),
    reason text not null,
    place text not null,
    warnings text[] not null,
    profile_version text not null,
    mapping_version text not null,
    first_index bigint not null check (first_index >= 0),
    last_index bigint not null check (last_index >= first_index),
    primary key (message_id, number)
);

create index reading_disposition on intake.reading (disposition, message_id);
create index reading_control_id on intake.reading (control_id, message_id);

create trigger reading_kept before update or delete or truncate on intake.reading
    for each statement execute function es.refuse_change();

comment on table intake.reading is
    'One row per later reading of a message, if it differs from the reading before';
comment on column intake.reading.number is 'From 2; the first reading is in intake.message';
comment on column intake.reading.first_index is
    'Of the events that the reading added; 0 if it added none';

-- Every message with what became of it by its last reading. It is read in the order of the ids of
-- messages without reading all of them. To find a rare disposition by an index, ask for it among the
-- ids of both tables as well.
create view intake.last_reading as
select m.message_id, coalesce(r.number, 1) as reading, coalesce(r.sender, m.sender) as sender,
    coalesce(r.control_id, m.control_id) as control_id, coalesce(r.trigger, m.trigger) as trigger,
    coalesce(r.disposition, m.disposition) as disposition, coalesce(r.reason, m.reason) as reason,
    coalesce(r.place, m.place) as place, coalesce(r.warnings, m.warnings) as warnings,
    coalesce(r.profile_version, m.profile_version) as profile_version,
    coalesce(r.mapping_version, m.mapping_version) as mapping_version,
    coalesce(r.first_index, m.first_index) as first_index,
    coalesce(r.last_index, m.last_index) as last_index, m.key, m.pair_key, m.received_at,
    m.arrived_by, m.application, m.facility, m.actor, m.sealed, m.sealed_for, m.commitment,
    m.duplicates, m.last_seen,
    case when m.first_index > 0 then m.last_index - m.first_index + 1 else 0 end + (
        select coalesce(sum(each.last_index - each.first_index + 1), 0)::bigint
        from intake.reading each
        where each.message_id = m.message_id and each.first_index > 0
    ) as events
from intake.message m
left join lateral (
    select * from intake.reading each where each.message_id = m.message_id
    order by each.number desc limit 1
) r on true;

comment on view intake.last_reading is
    'One row per message received: what became of it by its last reading';

-- Records later readings with the events that they add. If a subject has another key than was
-- proposed, it returns these keys and has recorded nothing.
create function intake.read_again(
    message_ids uuid[],
    numbers integer[],
    senders text[],
    control_ids text[],
    triggers text[],
    dispositions text[],
    reasons text[],
    places text[],
    warning_lists text[],
    profile_versions text[],
    mapping_versions text[],
    firsts integer[],
    lasts integer[],
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
    event_facilities text[],
    event_actors text[],
    causes text[],
    correlations text[],
    message_of uuid[],
    event_mapping_versions text[],
    event_profile_versions text[],
    tenant_name text
) returns table (subjects text[], key_ids bigint[], first_id bigint)
language plpgsql as $$
begin
    if cardinality(proposed_for) > 0 then
        select array_agg(t.subject::text), array_agg(t.key_id) into subjects, key_ids
        from es.take_keys(proposed_for, proposed) t;
        if subjects is not null then
            return next;
            return;
        end if;
    end if;
    -- Two runs that read one message again wait for each other here.
    perform from intake.message m where m.message_id = any(message_ids)
    order by m.message_id for update;
    perform from unnest(message_ids, numbers) as given (message_id, number)
    join intake.reading r using (message_id) where r.number >= given.number;
    if found then
        raise exception 'another run has read one of the messages again' using errcode = '40001';
    end if;
    first_id := 0;
    if cardinality(streams) > 0 then
        select min(a.id) into first_id from es.append(
            streams, versions, topics, bodies, event_ids, partitions, happened, subject_lists,
            event_facilities, event_actors, causes, correlations, message_of,
            event_mapping_versions, event_profile_versions, tenant_name
        ) a;
    end if;
    insert into intake.reading (
        message_id, number, sender, control_id, trigger, disposition, reason, place, warnings,
        profile_version, mapping_version, first_index, last_index
    )
    select g.message_id, g.number, g.sender, g.control_id, g.trigger, g.disposition, g.reason,
        g.place, g.warnings::text[], g.profile_version, g.mapping_version,
        coalesce(first_id + g.first, 0), coalesce(first_id + g.last, 0)
    from unnest(
        message_ids, numbers, senders, control_ids, triggers, dispositions, reasons, places,
        warning_lists, profile_versions, mapping_versions, firsts, lasts
    ) as g (
        message_id, number, sender, control_id, trigger, disposition, reason, place, warnings,
        profile_version, mapping_version, first, last
    );
    return next;
end;
$$;

comment on function intake.read_again is
    'Records later readings of messages with their events in one statement; 40001: compare again';
