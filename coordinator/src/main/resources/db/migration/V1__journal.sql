-- The journal: one row an event, never changed, never deleted. Runs unchanged on H2 and PostgreSQL.
create table journal (
  sequence bigint not null primary key,
  appended_micros bigint not null,
  stream varchar(120) not null,
  event_type varchar(120) not null,
  idem_key varchar(400) not null,
  body bytea not null,
  previous_hash bytea not null,
  hash bytea not null,
  constraint journal_stream_key unique (stream, idem_key)
);

create index journal_stream_sequence on journal (stream, sequence);
