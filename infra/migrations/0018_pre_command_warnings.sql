-- The warnings of a command, so that a repeated command gets the answer that it got first.

alter table es.command_key add column warnings text[] not null default '{}';

comment on column es.command_key.warnings is 'Codes of what the caller was told to look at';
