-- insert
INSERT INTO `Project` (`flora_id`, `flora_ts`, `name`, `size`) VALUES (?1, ?2, ?3, ?4)
-- p1 ID p1
-- p2 Long 1000
-- p3 String n
-- p4 Int <nil>

-- insert guarded
INSERT INTO `Project` (`flora_id`, `flora_ts`, `name`, `size`, `lead`) SELECT ?1, ?2, ?3, ?4, (SELECT _u1.`flora_id` FROM `User` AS _u1 WHERE _u1.`sub` = ?5) WHERE EXISTS (SELECT 1 FROM `Team` AS _d2 WHERE _d2.`flora_id` = ?6 AND _d2.`flora_id` IN (SELECT _k3.`team` AS k FROM `Member` AS _k3 WHERE _k3.`user` = (SELECT _u4.`flora_id` FROM `User` AS _u4 WHERE _u4.`sub` = ?5)))
-- p1 ID p1
-- p2 Long 1000
-- p3 String n
-- p4 Int <nil>
-- p5 String alice
-- p6 Ref t1

-- insert for a version
INSERT INTO `Project` (`flora_id`, `flora_ts`, `name`, `size`) SELECT ?1, ?2, ?3, ?4 WHERE (SELECT MAX(_v.version) FROM flora_schema AS _v) = ?5 RETURNING concat('[', trim(json_array(`flora_id`, `due`), '[]'), ',', coalesce(json(`scores`), 'null'), ']') AS r0
-- p1 ID p1
-- p2 Long 1000
-- p3 String n
-- p4 Int <nil>
-- p5 Long 3

-- insert guarded for a version
INSERT INTO `Project` (`flora_id`, `flora_ts`, `name`, `size`) SELECT ?1, ?2, ?3, ?4 WHERE EXISTS (SELECT 1 FROM `Team` AS _d1 WHERE _d1.`flora_id` = ?5 AND _d1.`flora_id` IN (SELECT _k2.`team` AS k FROM `Member` AS _k2 WHERE _k2.`user` = (SELECT _u3.`flora_id` FROM `User` AS _u3 WHERE _u3.`sub` = ?6))) AND (SELECT MAX(_v.version) FROM flora_schema AS _v) = ?7
-- p1 ID p1
-- p2 Long 1000
-- p3 String n
-- p4 Int <nil>
-- p5 Ref t1
-- p6 String alice
-- p7 Long 3

-- update
UPDATE `Project` AS _w SET `name` = ?1, `size` = ?2, `secret` = _w.`name`, `flora_ts` = max(?3, _w.`flora_ts` + 1) WHERE _w.`flora_id` = ?4 AND _w.`team` IN (SELECT _k1.`team` AS k FROM `Member` AS _k1 WHERE _k1.`user` = (SELECT _u2.`flora_id` FROM `User` AS _u2 WHERE _u2.`sub` = ?5)) AND _w.`lead` = (SELECT _u3.`flora_id` FROM `User` AS _u3 WHERE _u3.`sub` = ?5) RETURNING concat('[', trim(json_array(`flora_id`, `due`), '[]'), ',', coalesce(json(`scores`), 'null'), ']') AS r0
-- p1 String n
-- p2 Int <nil>
-- p3 Long 1000
-- p4 ID p1
-- p5 String alice

-- touch
UPDATE `Project` AS _w SET `flora_ts` = max(?1, _w.`flora_ts` + 1) WHERE _w.`flora_id` = ?2 AND (SELECT MAX(_v.version) FROM flora_schema AS _v) = ?3
-- p1 Long 1000
-- p2 ID p1
-- p3 Long 2

-- delete
DELETE FROM `Project` AS _w WHERE _w.`flora_id` = ?1 AND _w.`team` IN (SELECT _k1.`team` AS k FROM `Member` AS _k1 WHERE _k1.`user` = (SELECT _u2.`flora_id` FROM `User` AS _u2 WHERE _u2.`sub` = ?2)) AND _w.`lead` = (SELECT _u3.`flora_id` FROM `User` AS _u3 WHERE _u3.`sub` = ?2)
-- p1 ID p1
-- p2 String alice

-- insert checked
INSERT INTO `Project` (`flora_id`, `flora_ts`, `name`, `size`) SELECT ?1, ?2, ?3, ?4 WHERE ?5 = (SELECT _u1.`flora_id` FROM `User` AS _u1 WHERE _u1.`sub` = ?6)
-- p1 ID p1
-- p2 Long 1000
-- p3 String n
-- p4 Int <nil>
-- p5 Ref u1
-- p6 String alice

-- update checked
UPDATE `Project` AS _w SET `name` = ?1, `size` = ?2, `flora_ts` = max(?3, _w.`flora_ts` + 1) WHERE _w.`flora_id` = ?4 AND _w.`team` IN (SELECT _k1.`team` AS k FROM `Member` AS _k1 WHERE _k1.`user` = (SELECT _u2.`flora_id` FROM `User` AS _u2 WHERE _u2.`sub` = ?5)) AND _w.`lead` = (SELECT _u3.`flora_id` FROM `User` AS _u3 WHERE _u3.`sub` = ?5) AND _w.`size` < ?6 AND _w.`lead` = (SELECT _u4.`flora_id` FROM `User` AS _u4 WHERE _u4.`sub` = ?5)
-- p1 String n
-- p2 Int <nil>
-- p3 Long 1000
-- p4 ID p1
-- p5 String alice
-- p6 Int 9

-- delete checked
-- error: print statement: delete with checks

-- update of a version
UPDATE `Project` AS _w SET `flora_ts` = max(?1, _w.`flora_ts` + 1) WHERE _w.`flora_id` = ?2 AND _w.`team` IN (SELECT _k1.`team` AS k FROM `Member` AS _k1 WHERE _k1.`user` = (SELECT _u2.`flora_id` FROM `User` AS _u2 WHERE _u2.`sub` = ?3)) AND _w.`lead` = (SELECT _u3.`flora_id` FROM `User` AS _u3 WHERE _u3.`sub` = ?3) AND _w.`flora_ts` = ?4
-- p1 Long 1000
-- p2 ID p1
-- p3 String alice
-- p4 Long 999

-- update of all that match
UPDATE `Project` AS _w SET `name` = ?1, `flora_ts` = max(?2, _w.`flora_ts` + 1) WHERE (SELECT COUNT(*) FROM (SELECT 1 FROM `Project` AS _c1 WHERE _c1.`team` IN (SELECT _k2.`team` AS k FROM `Member` AS _k2 WHERE _k2.`user` = (SELECT _u3.`flora_id` FROM `User` AS _u3 WHERE _u3.`sub` = ?3)) LIMIT ?4) AS _c1) <= ?5 AND (SELECT MAX(_v.version) FROM flora_schema AS _v) = ?6 AND _w.`team` IN (SELECT _k4.`team` AS k FROM `Member` AS _k4 WHERE _k4.`user` = (SELECT _u5.`flora_id` FROM `User` AS _u5 WHERE _u5.`sub` = ?3)) AND NOT EXISTS (SELECT 1 FROM `Project` AS _d6 WHERE _d6.`team` IN (SELECT _k7.`team` AS k FROM `Member` AS _k7 WHERE _k7.`user` = (SELECT _u8.`flora_id` FROM `User` AS _u8 WHERE _u8.`sub` = ?3)) AND (((_d6.`team` IN (SELECT _k9.`team` AS k FROM `Member` AS _k9 WHERE _k9.`user` = (SELECT _u10.`flora_id` FROM `User` AS _u10 WHERE _u10.`sub` = ?3)) AND _d6.`lead` = (SELECT _u11.`flora_id` FROM `User` AS _u11 WHERE _u11.`sub` = ?3)) AND _d6.`size` < ?7 AND _d6.`lead` = (SELECT _u12.`flora_id` FROM `User` AS _u12 WHERE _u12.`sub` = ?3))) IS NOT TRUE) RETURNING `flora_id`
-- p1 String n
-- p2 Long 1000
-- p3 String alice
-- p4 Long 8
-- p5 Long 7
-- p6 Long 3
-- p7 Int 9

-- update of all that match, granted
UPDATE `Project` AS _w SET `name` = ?1, `flora_ts` = max(?2, _w.`flora_ts` + 1) WHERE (SELECT COUNT(*) FROM (SELECT 1 FROM `Project` AS _c1 WHERE _c1.`team` IN (SELECT _k2.`team` AS k FROM `Member` AS _k2 WHERE _k2.`user` = (SELECT _u3.`flora_id` FROM `User` AS _u3 WHERE _u3.`sub` = ?3)) LIMIT ?4) AS _c1) <= ?5 AND _w.`team` IN (SELECT _k4.`team` AS k FROM `Member` AS _k4 WHERE _k4.`user` = (SELECT _u5.`flora_id` FROM `User` AS _u5 WHERE _u5.`sub` = ?3))
-- p1 String n
-- p2 Long 1000
-- p3 String alice
-- p4 Long 10001
-- p5 Long 10000

-- delete of all that match
DELETE FROM `Project` AS _w WHERE (SELECT COUNT(*) FROM (SELECT 1 FROM `Project` AS _c1 WHERE _c1.`team` IN (SELECT _k2.`team` AS k FROM `Member` AS _k2 WHERE _k2.`user` = (SELECT _u3.`flora_id` FROM `User` AS _u3 WHERE _u3.`sub` = ?1)) LIMIT ?2) AS _c1) <= ?3 AND _w.`team` IN (SELECT _k4.`team` AS k FROM `Member` AS _k4 WHERE _k4.`user` = (SELECT _u5.`flora_id` FROM `User` AS _u5 WHERE _u5.`sub` = ?1)) AND NOT EXISTS (SELECT 1 FROM `Project` AS _d6 WHERE _d6.`team` IN (SELECT _k7.`team` AS k FROM `Member` AS _k7 WHERE _k7.`user` = (SELECT _u8.`flora_id` FROM `User` AS _u8 WHERE _u8.`sub` = ?1)) AND ((_d6.`team` IN (SELECT _k9.`team` AS k FROM `Member` AS _k9 WHERE _k9.`user` = (SELECT _u10.`flora_id` FROM `User` AS _u10 WHERE _u10.`sub` = ?1)) AND _d6.`lead` = (SELECT _u11.`flora_id` FROM `User` AS _u11 WHERE _u11.`sub` = ?1))) IS NOT TRUE)
-- p1 String alice
-- p2 Long 10001
-- p3 Long 10000

-- upsert
UPDATE `Project` AS _w SET `name` = ?1, `flora_ts` = max(?2, _w.`flora_ts` + 1) WHERE _w.`name` = ?3 AND _w.`team` IN (SELECT _k1.`team` AS k FROM `Member` AS _k1 WHERE _k1.`user` = (SELECT _u2.`flora_id` FROM `User` AS _u2 WHERE _u2.`sub` = ?4)) AND _w.`lead` = (SELECT _u3.`flora_id` FROM `User` AS _u3 WHERE _u3.`sub` = ?4) RETURNING `flora_id`
-- p1 String n
-- p2 Long 1000
-- p3 String n
-- p4 String alice

-- insert of an upsert
INSERT INTO `Project` (`flora_id`, `flora_ts`, `name`, `size`) SELECT ?1, ?2, ?3, ?4 WHERE EXISTS (SELECT 1 FROM `Team` AS _d1 WHERE _d1.`flora_id` = ?5 AND _d1.`flora_id` IN (SELECT _k2.`team` AS k FROM `Member` AS _k2 WHERE _k2.`user` = (SELECT _u3.`flora_id` FROM `User` AS _u3 WHERE _u3.`sub` = ?6))) AND NOT EXISTS (SELECT 1 FROM `Project` AS _d4 WHERE _d4.`name` = ?7)
-- p1 ID p1
-- p2 Long 1000
-- p3 String n
-- p4 Int <nil>
-- p5 Ref t1
-- p6 String alice
-- p7 String n

-- atomic
UPDATE `Project` AS _w SET `size` = CASE WHEN _w.`size` + ?1 BETWEEN -2147483648 AND 2147483647 THEN _w.`size` + ?1 END, `scores` = CASE WHEN coalesce(_w.`scores`, '[]') = '[]' THEN ?2 ELSE substr(_w.`scores`, 1, length(_w.`scores`) - 1) || ',' || substr(?2, 2) END, `times` = CASE WHEN coalesce(_w.`times`, '[]') = '[]' THEN ?3 ELSE substr(?3, 1, length(?3) - 1) || ',' || substr(_w.`times`, 2) END, `scores` = (SELECT json_group_array(_e.value ORDER BY _e.key) FROM json_each(_w.`scores`) AS _e WHERE _e.value NOT IN (SELECT _f.value FROM json_each(?4) AS _f)), `flora_ts` = max(?5, _w.`flora_ts` + 1) WHERE _w.`flora_id` = ?6 AND CASE WHEN _w.`size` + ?7 BETWEEN -2147483648 AND 2147483647 THEN _w.`size` + ?7 END < ?8
-- p1 Int 2
-- p2 Float list [1.5]
-- p3 Time list [5]
-- p4 Float list [1.5]
-- p5 Long 1000
-- p6 ID p1
-- p7 Int 2
-- p8 Int 9

-- link
INSERT INTO `Team_users` (`teamID`, `userID`) SELECT ?1, ?2 WHERE NOT EXISTS (SELECT 1 FROM `Team_users` AS _w WHERE _w.`teamID` = ?3 AND _w.`userID` = ?4)
-- p1 Ref t1
-- p2 Ref u1
-- p3 Ref t1
-- p4 Ref u1

-- link guarded
INSERT INTO `Team_users` (`teamID`, `userID`) SELECT ?1, ?2 WHERE NOT EXISTS (SELECT 1 FROM `Team_users` AS _w WHERE _w.`teamID` = ?3 AND _w.`userID` = ?4) AND EXISTS (SELECT 1 FROM `Team` AS _d1 WHERE _d1.`flora_id` = ?5 AND _d1.`flora_id` IN (SELECT _k2.`team` AS k FROM `Member` AS _k2 WHERE _k2.`user` = (SELECT _u3.`flora_id` FROM `User` AS _u3 WHERE _u3.`sub` = ?6))) AND (SELECT MAX(_v.version) FROM flora_schema AS _v) = ?7
-- p1 Ref t1
-- p2 Ref u1
-- p3 Ref t1
-- p4 Ref u1
-- p5 Ref t1
-- p6 String alice
-- p7 Long 3

-- unlink guarded
DELETE FROM `Team_users` AS _w WHERE _w.`teamID` = ?1 AND _w.`userID` = ?2 AND EXISTS (SELECT 1 FROM `Team` AS _d1 WHERE _d1.`flora_id` = ?3 AND _d1.`flora_id` IN (SELECT _k2.`team` AS k FROM `Member` AS _k2 WHERE _k2.`user` = (SELECT _u3.`flora_id` FROM `User` AS _u3 WHERE _u3.`sub` = ?4)))
-- p1 Ref t1
-- p2 Ref u1
-- p3 Ref t1
-- p4 String alice

-- update that speaks of the new document
-- error: print statement: document 2 of Project.name is not bound

-- probe
SELECT EXISTS (SELECT 1 FROM `Project` AS _w WHERE _w.`flora_id` = ?1 AND _w.`team` IN (SELECT _k1.`team` AS k FROM `Member` AS _k1 WHERE _k1.`user` = (SELECT _u2.`flora_id` FROM `User` AS _u2 WHERE _u2.`sub` = ?2)) AND _w.`lead` = (SELECT _u3.`flora_id` FROM `User` AS _u3 WHERE _u3.`sub` = ?2)) AS r, 1 AS f, (SELECT MAX(_v.version) FROM flora_schema AS _v) AS v
-- p1 ID p1
-- p2 String alice

-- probe of checks
SELECT EXISTS (SELECT 1 FROM `Project` AS _w WHERE _w.`flora_id` = ?1) AS r, CASE WHEN NOT EXISTS (SELECT 1 FROM `Project` AS _w WHERE _w.`flora_id` = ?2 AND _w.`team` IN (SELECT _k1.`team` AS k FROM `Member` AS _k1 WHERE _k1.`user` = (SELECT _u2.`flora_id` FROM `User` AS _u2 WHERE _u2.`sub` = ?3)) AND _w.`lead` = (SELECT _u3.`flora_id` FROM `User` AS _u3 WHERE _u3.`sub` = ?3)) THEN 1 WHEN NOT EXISTS (SELECT 1 FROM `Project` AS _w WHERE _w.`flora_id` = ?4 AND _w.`size` < ?5) THEN 2 WHEN NOT EXISTS (SELECT 1 FROM `Project` AS _w WHERE _w.`flora_id` = ?6 AND _w.`lead` = (SELECT _u4.`flora_id` FROM `User` AS _u4 WHERE _u4.`sub` = ?3)) THEN 3 ELSE 0 END AS f, (SELECT MAX(_v.version) FROM flora_schema AS _v) AS v
-- p1 ID p1
-- p2 ID p1
-- p3 String alice
-- p4 ID p1
-- p5 Int 9
-- p6 ID p1

-- probe of checks of an insert
SELECT FALSE AS r, CASE WHEN NOT EXISTS (SELECT 1 WHERE EXISTS (SELECT 1 FROM `Team` AS _d1 WHERE _d1.`flora_id` = ?1 AND _d1.`flora_id` IN (SELECT _k2.`team` AS k FROM `Member` AS _k2 WHERE _k2.`user` = (SELECT _u3.`flora_id` FROM `User` AS _u3 WHERE _u3.`sub` = ?2)))) THEN 1 WHEN NOT EXISTS (SELECT 1 WHERE ?3 = (SELECT _u4.`flora_id` FROM `User` AS _u4 WHERE _u4.`sub` = ?2)) THEN 2 ELSE 0 END AS f, (SELECT MAX(_v.version) FROM flora_schema AS _v) AS v
-- p1 Ref t1
-- p2 String alice
-- p3 Ref u1

-- probe of a version
SELECT EXISTS (SELECT 1 FROM `Project` AS _w WHERE _w.`flora_id` = ?1) AS r, CASE WHEN NOT EXISTS (SELECT 1 FROM `Project` AS _w WHERE _w.`flora_id` = ?2) THEN 1 WHEN NOT EXISTS (SELECT 1 FROM `Project` AS _w WHERE _w.`flora_id` = ?3 AND _w.`flora_ts` = ?4) THEN 2 ELSE 0 END AS f, (SELECT MAX(_v.version) FROM flora_schema AS _v) AS v
-- p1 ID p1
-- p2 ID p1
-- p3 ID p1
-- p4 Long 999

-- probe of all that match
SELECT (SELECT COUNT(*) FROM (SELECT 1 FROM `Project` AS _c1 WHERE _c1.`team` IN (SELECT _k2.`team` AS k FROM `Member` AS _k2 WHERE _k2.`user` = (SELECT _u3.`flora_id` FROM `User` AS _u3 WHERE _u3.`sub` = ?1)) LIMIT ?2) AS _c1) AS r, CASE WHEN NOT NOT EXISTS (SELECT 1 FROM `Project` AS _d4 WHERE _d4.`team` IN (SELECT _k5.`team` AS k FROM `Member` AS _k5 WHERE _k5.`user` = (SELECT _u6.`flora_id` FROM `User` AS _u6 WHERE _u6.`sub` = ?1)) AND ((_d4.`team` IN (SELECT _k7.`team` AS k FROM `Member` AS _k7 WHERE _k7.`user` = (SELECT _u8.`flora_id` FROM `User` AS _u8 WHERE _u8.`sub` = ?1)) AND _d4.`lead` = (SELECT _u9.`flora_id` FROM `User` AS _u9 WHERE _u9.`sub` = ?1))) IS NOT TRUE) THEN 1 WHEN NOT NOT EXISTS (SELECT 1 FROM `Project` AS _d10 WHERE _d10.`team` IN (SELECT _k11.`team` AS k FROM `Member` AS _k11 WHERE _k11.`user` = (SELECT _u12.`flora_id` FROM `User` AS _u12 WHERE _u12.`sub` = ?1)) AND (_d10.`size` < ?3) IS NOT TRUE) THEN 2 WHEN NOT NOT EXISTS (SELECT 1 FROM `Project` AS _d13 WHERE _d13.`team` IN (SELECT _k14.`team` AS k FROM `Member` AS _k14 WHERE _k14.`user` = (SELECT _u15.`flora_id` FROM `User` AS _u15 WHERE _u15.`sub` = ?1)) AND (_d13.`lead` = (SELECT _u16.`flora_id` FROM `User` AS _u16 WHERE _u16.`sub` = ?1)) IS NOT TRUE) THEN 3 ELSE 0 END AS f, (SELECT MAX(_v.version) FROM flora_schema AS _v) AS v
-- p1 String alice
-- p2 Long 8
-- p3 Int 9

-- probe of an upsert
SELECT EXISTS (SELECT 1 FROM `Project` AS _w WHERE _w.`name` = ?1) AS r, 1 AS f, CASE WHEN NOT EXISTS (SELECT 1 WHERE EXISTS (SELECT 1 FROM `Team` AS _d1 WHERE _d1.`flora_id` = ?2 AND _d1.`flora_id` IN (SELECT _k2.`team` AS k FROM `Member` AS _k2 WHERE _k2.`user` = (SELECT _u3.`flora_id` FROM `User` AS _u3 WHERE _u3.`sub` = ?3)))) THEN 1 WHEN NOT EXISTS (SELECT 1 WHERE ?4 = (SELECT _u4.`flora_id` FROM `User` AS _u4 WHERE _u4.`sub` = ?3)) THEN 2 ELSE 0 END AS e, (SELECT MAX(_v.version) FROM flora_schema AS _v) AS v
-- p1 String n
-- p2 Ref t1
-- p3 String alice
-- p4 Ref u1

-- probe of a link
SELECT FALSE AS r, CASE WHEN NOT EXISTS (SELECT 1 WHERE EXISTS (SELECT 1 FROM `Team` AS _d1 WHERE _d1.`flora_id` = ?1 AND _d1.`flora_id` IN (SELECT _k2.`team` AS k FROM `Member` AS _k2 WHERE _k2.`user` = (SELECT _u3.`flora_id` FROM `User` AS _u3 WHERE _u3.`sub` = ?2)))) THEN 1 ELSE 0 END AS f, (SELECT MAX(_v.version) FROM flora_schema AS _v) AS v
-- p1 Ref t1
-- p2 String alice

-- clear
UPDATE `Project` AS _w SET `lead` = NULL, `flora_ts` = max(?1, _w.`flora_ts` + 1) WHERE _w.`lead` IN (SELECT _e.value FROM json_each(?2) AS _e)
-- p1 Long 1000
-- p2 ID list [u1 u2]

-- remove
DELETE FROM `Project` AS _w WHERE _w.`flora_id` IN (SELECT _e.value FROM json_each(?1) AS _e)
-- p1 ID list [p1 p2]

-- recall
SELECT _o.request, _o.outcome, _o.committed, (SELECT MAX(_v.version) FROM flora_schema AS _v) AS v FROM flora_once AS _o WHERE _o.`key` = ?1 AND _o.created >= ?2
-- p1 Ref 0100000000000000000000000000000000000000000000000000000000000000
-- p2 Long 5

