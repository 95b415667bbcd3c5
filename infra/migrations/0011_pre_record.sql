-- A batch of messages in one statement: one round trip, and no lock is held while a client thinks.

-- Gives each subject the key proposed for it, and returns those that have another one already: then
-- nothing was given. A proposal made again for the same subject is the same key.
create function es.take_keys(proposed_for uuid[], proposed bigint[])
returns table (subject uuid, key_id bigint) language plpgsql as $$
begin
    return query
    select s.subject, s.key_id from unnest(proposed_for, proposed) as p (subject, key_id)
    join es.subject_key s using (subject) where s.key_id <> p.key_id;
    if found then
        return;
    end if;
    -- Sorted, so that two writers with subjects in common never wait for each other in a circle.
    insert into es.subject_key (subject, key_id)
    select p.subject, p.key_id from unnest(proposed_for, proposed) as p (subject, key_id)
    order by 1 on conflict do nothing;
    if (
        select count(*) from unnest(proposed_for, proposed) as p (subject, key_id)
        join es.subject_key s on s.subject = p.subject and s.key_id = p.key_id
    ) < cardinality(proposed_for) then
        perform from unnest(proposed_for, proposed) as p (subject, key_id)
        join es.subject_key s on s.key_id = p.key_id and s.subject <> p.subject;
        if found then
            raise exception 'a proposed key is that of another subject' using errcode = '23505';
        end if;
        raise exception 'another writer gave a subject its key' using errcode = '40001';
    end if;
end;
$$;

comment on function es.take_keys is 'Makes proposed keys those of their subjects, or says which have others; 40001: ask again';

-- Records messages, none of them sent before, with their keys and events, and returns the id of the
-- first event, 0 where there are none. Where some were sent before, or a subject has another key
-- than was proposed, it returns these and has recorded nothing.
create function intake.record(
    message_ids uuid[],
    idempotency_keys bytea[],
    pair_keys bytea[],
    arrivals text[],
    senders text[],
    applications text[],
    facilities text[],
    control_ids text[],
    triggers text[],
    dispositions text[],
    reasons text[],
    places text[],
    warning_lists text[],
    actors text[],
    profile_versions text[],
    mapping_versions text[],
    firsts integer[],
    lasts integer[],
    boxes bytea[],
    sealed_for_lists text[],
    commitments bytea[],
    duplicate_counts integer[],
    last_duplicates uuid[],
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
) returns table (known bytea[], subjects text[], key_ids bigint[], first_id bigint)
language plpgsql as $$
declare
    claimed bigint;
begin
    known := array(select k.key from intake.key k where k.key = any(idempotency_keys));
    if cardinality(known) > 0 then
        return next;
        return;
    end if;
    if cardinality(proposed_for) > 0 then
        select array_agg(t.subject::text), array_agg(t.key_id) into subjects, key_ids
        from es.take_keys(proposed_for, proposed) t;
        if subjects is not null then
            return next;
            return;
        end if;
    end if;
    -- Sorted, as subjects are.
    insert into intake.key (key, message_id)
    select * from unnest(idempotency_keys, message_ids) order by 1 on conflict (key) do nothing;
    get diagnostics claimed = row_count;
    if claimed < cardinality(idempotency_keys) then
        raise exception 'another writer records one of the messages' using errcode = '40001';
    end if;
    first_id := 0;
    if cardinality(streams) > 0 then
        select min(a.id) into first_id from es.append(
            streams, versions, topics, bodies, event_ids, partitions, happened, subject_lists,
            event_facilities, event_actors, causes, correlations, message_of,
            event_mapping_versions, event_profile_versions, tenant_name
        ) a;
    end if;
    insert into intake.message (
        message_id, key, pair_key, arrived_by, sender, application, facility, control_id, trigger,
        disposition, reason, place, warnings, actor, profile_version, mapping_version, first_index,
        last_index, sealed, sealed_for, commitment, duplicates, last_duplicate
    )
    select m.message_id, m.key, m.pair_key, m.arrived_by, m.sender, m.application, m.facility,
        m.control_id, m.trigger, m.disposition, m.reason, m.place, m.warnings::text[],
        m.actor::jsonb, m.profile_version, m.mapping_version, coalesce(first_id + m.first, 0),
        coalesce(first_id + m.last, 0), m.sealed, m.sealed_for::uuid[], m.commitment, m.duplicates,
        m.last_duplicate
    from unnest(
        message_ids, idempotency_keys, pair_keys, arrivals, senders, applications, facilities,
        control_ids, triggers, dispositions, reasons, places, warning_lists, actors,
        profile_versions, mapping_versions, firsts, lasts, boxes, sealed_for_lists, commitments,
        duplicate_counts, last_duplicates
    ) as m (
        message_id, key, pair_key, arrived_by, sender, application, facility, control_id, trigger,
        disposition, reason, place, warnings, actor, profile_version, mapping_version, first, last,
        sealed, sealed_for, commitment, duplicates, last_duplicate
    );
    return next;
end;
$$;

comment on function intake.record is 'Records messages with their keys and events in one statement; 40001: ask again';

-- What is sealed does not compress: rows stay whole in their pages as long as they fit, and no time
-- is lost on trying. Rows that are there stay as they are.
alter table es.event alter column state set storage external;
alter table es.event set (toast_tuple_target = 8160);
alter table intake.message alter column sealed set storage external;
alter table intake.message set (toast_tuple_target = 8160);
