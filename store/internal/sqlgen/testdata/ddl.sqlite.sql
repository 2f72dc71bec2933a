-- system
CREATE TABLE flora_meta (name TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (name)) STRICT;
CREATE TABLE flora_schema (version INTEGER NOT NULL, sdl TEXT NOT NULL, created INTEGER NOT NULL, PRIMARY KEY (version)) STRICT;
CREATE TABLE flora_once (`key` TEXT NOT NULL, request TEXT NOT NULL, outcome TEXT NOT NULL, created INTEGER NOT NULL, committed INTEGER NOT NULL, PRIMARY KEY (`key`)) STRICT;
CREATE TABLE flora_note (revision INTEGER NOT NULL, name TEXT NOT NULL, value TEXT, until INTEGER, changed INTEGER NOT NULL, PRIMARY KEY (revision)) STRICT;
CREATE UNIQUE INDEX flora_note_name ON flora_note (name);
CREATE TABLE flora_audit (id TEXT NOT NULL, `at` INTEGER NOT NULL, issuer TEXT NOT NULL, subject TEXT NOT NULL, action TEXT NOT NULL, detail TEXT NOT NULL, PRIMARY KEY (id)) STRICT;
CREATE INDEX flora_audit_at ON flora_audit (`at` DESC, id DESC)

-- step 0
CREATE TABLE `User` (`flora_id` TEXT NOT NULL, `flora_ts` INTEGER NOT NULL, `sub` TEXT NOT NULL, `name` TEXT, `tags` TEXT, PRIMARY KEY (`flora_id`)) STRICT

-- step 1
CREATE TABLE `Member` (`flora_id` TEXT NOT NULL, `flora_ts` INTEGER NOT NULL, `team` TEXT NOT NULL, `user` TEXT, `admin` INTEGER NOT NULL, FOREIGN KEY (`team`) REFERENCES `Team` (`flora_id`), FOREIGN KEY (`user`) REFERENCES `User` (`flora_id`), CHECK (`admin` IN (0, 1)), PRIMARY KEY (`flora_id`)) STRICT

-- step 2
CREATE TABLE `Project` (`flora_id` TEXT NOT NULL, `flora_ts` INTEGER NOT NULL, `team` TEXT, `lead` TEXT, `name` TEXT NOT NULL, `secret` TEXT, `size` INTEGER, `due` INTEGER, `day` TEXT, `times` TEXT, `scores` TEXT, `state` TEXT, FOREIGN KEY (`team`) REFERENCES `Team` (`flora_id`), FOREIGN KEY (`lead`) REFERENCES `User` (`flora_id`), CHECK (`state` IN ('OPEN', 'DONE')), PRIMARY KEY (`flora_id`)) STRICT

-- step 3
CREATE UNIQUE INDEX `User_sub` ON `User` (`sub`)

-- step 4
CREATE INDEX `Project_lead` ON `Project` (`lead`, `due`, `flora_id`)

-- step 5


-- step 6
ALTER TABLE `Project` ADD COLUMN `state` TEXT CHECK (`state` IN ('OPEN', 'DONE'))

-- step 7
ALTER TABLE `Project` ADD COLUMN `team` TEXT REFERENCES `Team` (`flora_id`)

-- step 8
-- error: add column Project.name: not null and without a value

-- step 9
DROP INDEX `Project_lead`

-- step 10
-- error: print step: kind 0 is not known

