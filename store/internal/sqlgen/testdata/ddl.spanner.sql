-- system
CREATE TABLE flora_meta (name STRING(128) NOT NULL, value BYTES(MAX) NOT NULL) PRIMARY KEY (name);
CREATE TABLE flora_schema (version INT64 NOT NULL, sdl STRING(MAX) NOT NULL, created INT64 NOT NULL) PRIMARY KEY (version);
CREATE TABLE flora_once (`key` STRING(128) NOT NULL, request STRING(128) NOT NULL, outcome STRING(MAX) NOT NULL, created INT64 NOT NULL, committed TIMESTAMP NOT NULL OPTIONS (allow_commit_timestamp = true)) PRIMARY KEY (`key`), ROW DELETION POLICY (OLDER_THAN(committed, INTERVAL 2 DAY));
CREATE TABLE flora_note (revision INT64 NOT NULL, name STRING(MAX) NOT NULL, value STRING(MAX), until INT64, changed INT64 NOT NULL) PRIMARY KEY (revision);
CREATE UNIQUE INDEX flora_note_name ON flora_note (name);
CREATE TABLE flora_audit (id STRING(128) NOT NULL, `at` INT64 NOT NULL, issuer STRING(MAX) NOT NULL, subject STRING(MAX) NOT NULL, action STRING(MAX) NOT NULL, detail STRING(MAX) NOT NULL) PRIMARY KEY (id);
CREATE INDEX flora_audit_at ON flora_audit (`at` DESC, id DESC)

-- step 0
CREATE TABLE `User` (`flora_id` STRING(128) NOT NULL, `flora_ts` INT64 NOT NULL, `sub` STRING(MAX) NOT NULL, `name` STRING(MAX), `tags` ARRAY<STRING(MAX)>) PRIMARY KEY (`flora_id`)

-- step 1
CREATE TABLE `Member` (`flora_id` STRING(128) NOT NULL, `flora_ts` INT64 NOT NULL, `team` STRING(128) NOT NULL, `user` STRING(128), `admin` BOOL NOT NULL, FOREIGN KEY (`team`) REFERENCES `Team` (`flora_id`), FOREIGN KEY (`user`) REFERENCES `User` (`flora_id`)) PRIMARY KEY (`flora_id`)

-- step 2
CREATE TABLE `Project` (`flora_id` STRING(128) NOT NULL, `flora_ts` INT64 NOT NULL, `team` STRING(128), `lead` STRING(128), `name` STRING(MAX) NOT NULL, `secret` STRING(MAX), `size` INT64, `due` TIMESTAMP, `day` DATE, `times` ARRAY<TIMESTAMP>, `scores` ARRAY<FLOAT64>, `state` STRING(MAX), FOREIGN KEY (`team`) REFERENCES `Team` (`flora_id`), CHECK (`state` IN ('OPEN', 'DONE'))) PRIMARY KEY (`flora_id`)

-- step 3
CREATE UNIQUE NULL_FILTERED INDEX `User_sub` ON `User` (`sub`)

-- step 4
CREATE INDEX `Project_lead` ON `Project` (`lead`, `due`)

-- step 5
ALTER TABLE `Project` ADD FOREIGN KEY (`lead`) REFERENCES `User` (`flora_id`)

-- step 6
ALTER TABLE `Project` ADD COLUMN `state` STRING(MAX);
ALTER TABLE `Project` ADD CHECK (`state` IN ('OPEN', 'DONE'))

-- step 7
ALTER TABLE `Project` ADD COLUMN `team` STRING(128);
ALTER TABLE `Project` ADD FOREIGN KEY (`team`) REFERENCES `Team` (`flora_id`)

-- step 8
-- error: add column Project.name: not null and without a value

-- step 9
DROP INDEX `Project_lead`

-- step 10
-- error: print step: kind 0 is not known

