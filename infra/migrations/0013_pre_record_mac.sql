-- Records of a topic that this installation did not publish: their places, never their content.
create table relay.refused_record (
    topic         text not null,
    partition     int not null,
    reason        text not null,   -- no_mac, wrong_mac
    count         bigint not null,
    first_offset  bigint not null,
    last_offset   bigint not null,
    first_seen_at timestamptz not null default now(),
    last_seen_at  timestamptz not null default now(),
    primary key (topic, partition, reason)
);

comment on table relay.refused_record is
    'Records that were set aside because their MAC is missing or wrong, by topic, partition and reason';

-- The records of earlier releases have no MAC. A store that was published goes on in a new generation
-- of the topics, in which every record has one. If the newest generation belongs to another
-- incarnation, the relay halts there as it would have halted before.
insert into relay.generation (generation, incarnation)
select generation + 1, incarnation
from relay.generation
where generation = (select max(generation) from relay.generation)
    and exists (select from relay.checkpoint);
