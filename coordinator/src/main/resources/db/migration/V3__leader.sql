-- Who writes: one row. The token only grows; an append carries it, and one of a former leader is refused.
create table leader (
  id integer not null primary key,
  token bigint not null,
  holder varchar(200) not null,
  until_micros bigint not null
);

insert into leader (id, token, holder, until_micros) values (1, 0, 'nobody', 0);
