-- Which store holds the journal's files: one row once a leader has had one. It is written before the store itself is
-- told its name, and settled after.
create table shared_store (
  id integer not null primary key,
  store_id varchar(64) not null,
  settled integer not null
);
