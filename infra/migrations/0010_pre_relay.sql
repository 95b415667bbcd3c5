-- What the relay knows of a topic: one row a topic, moved by the leader alone (its epoch).
create table relay.checkpoint (
    topic        text primary key,
    incarnation  text not null,            -- of the store whose events the topic holds
    topic_id     text not null default '', -- Kafka's own id of the topic; '': none seen yet
    epoch        bigint not null default 0,
    position     bigint not null default 0,
    partitions   int[] not null default '{}',
    next_offsets bigint[] not null default '{}', -- alongside partitions
    last_indexes bigint[] not null default '{}', -- alongside partitions
    updated_at   timestamptz not null default now(),
    check (cardinality(partitions) = cardinality(next_offsets)),
    check (cardinality(partitions) = cardinality(last_indexes))
) with (fillfactor = 50); -- updated in place, batch after batch

comment on table relay.checkpoint is
    'How far each topic is known to hold the store: every event up to position stands in it.';

-- Which generation of the topics an incarnation of the store publishes to.
create table relay.generation (
    generation  int primary key check (generation > 0),
    incarnation text not null,
    begun_at    timestamptz not null default now()
);

comment on table relay.generation is
    'Generations of the topics. A store that was set back publishes to a new one: its indexes are'
    ' given twice.';
