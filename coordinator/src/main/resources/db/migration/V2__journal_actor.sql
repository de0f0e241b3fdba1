-- Who did it, and what other records call it. Entries of version 1 have none and keep their older hash.
alter table journal add column actor varchar(200);
alter table journal add column actor_role varchar(40);
alter table journal add column context bytea;
alter table journal add column subject bytea;
