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
INSERT INTO `Project` (`flora_id`, `flora_ts`, `name`, `size`) SELECT ?1, ?2, ?3, ?4 WHERE (SELECT MAX(_v.version) FROM flora_schema AS _v) = ?5 RETURNING json_array(`flora_id`, `due`, json(`scores`)) AS r0
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
UPDATE `Project` AS _w SET `name` = ?1, `size` = ?2, `secret` = _w.`name`, `flora_ts` = max(?3, _w.`flora_ts` + 1) WHERE _w.`flora_id` = ?4 AND _w.`team` IN (SELECT _k1.`team` AS k FROM `Member` AS _k1 WHERE _k1.`user` = (SELECT _u2.`flora_id` FROM `User` AS _u2 WHERE _u2.`sub` = ?5)) AND _w.`lead` = (SELECT _u3.`flora_id` FROM `User` AS _u3 WHERE _u3.`sub` = ?5) RETURNING json_array(`flora_id`, `due`, json(`scores`)) AS r0
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

-- update that speaks of the new document
-- error: print statement: document 2 of Project.name is not bound

-- probe
SELECT EXISTS (SELECT 1 FROM `Project` AS _w WHERE _w.`flora_id` = ?1 AND _w.`team` IN (SELECT _k1.`team` AS k FROM `Member` AS _k1 WHERE _k1.`user` = (SELECT _u2.`flora_id` FROM `User` AS _u2 WHERE _u2.`sub` = ?2)) AND _w.`lead` = (SELECT _u3.`flora_id` FROM `User` AS _u3 WHERE _u3.`sub` = ?2)) AS r, (SELECT MAX(_v.version) FROM flora_schema AS _v) AS v
-- p1 ID p1
-- p2 String alice

-- probe of checks
SELECT EXISTS (SELECT 1 FROM `Project` AS _w WHERE _w.`flora_id` = ?1) AS r, CASE WHEN NOT EXISTS (SELECT 1 FROM `Project` AS _w WHERE _w.`flora_id` = ?2 AND _w.`team` IN (SELECT _k1.`team` AS k FROM `Member` AS _k1 WHERE _k1.`user` = (SELECT _u2.`flora_id` FROM `User` AS _u2 WHERE _u2.`sub` = ?3)) AND _w.`lead` = (SELECT _u3.`flora_id` FROM `User` AS _u3 WHERE _u3.`sub` = ?3)) THEN 0 WHEN NOT EXISTS (SELECT 1 FROM `Project` AS _w WHERE _w.`flora_id` = ?4 AND _w.`size` < ?5) THEN 1 WHEN NOT EXISTS (SELECT 1 FROM `Project` AS _w WHERE _w.`flora_id` = ?6 AND _w.`lead` = (SELECT _u4.`flora_id` FROM `User` AS _u4 WHERE _u4.`sub` = ?3)) THEN 2 ELSE 0 END AS f, (SELECT MAX(_v.version) FROM flora_schema AS _v) AS v
-- p1 ID p1
-- p2 ID p1
-- p3 String alice
-- p4 ID p1
-- p5 Int 9
-- p6 ID p1

-- probe of checks of an insert
SELECT EXISTS (SELECT 1 FROM `Project` AS _w WHERE _w.`flora_id` = ?1 AND FALSE) AS r, CASE WHEN NOT EXISTS (SELECT 1 WHERE EXISTS (SELECT 1 FROM `Team` AS _d1 WHERE _d1.`flora_id` = ?2 AND _d1.`flora_id` IN (SELECT _k2.`team` AS k FROM `Member` AS _k2 WHERE _k2.`user` = (SELECT _u3.`flora_id` FROM `User` AS _u3 WHERE _u3.`sub` = ?3)))) THEN 0 WHEN NOT EXISTS (SELECT 1 WHERE ?4 = (SELECT _u4.`flora_id` FROM `User` AS _u4 WHERE _u4.`sub` = ?3)) THEN 1 ELSE 0 END AS f, (SELECT MAX(_v.version) FROM flora_schema AS _v) AS v
-- p1 ID p1
-- p2 Ref t1
-- p3 String alice
-- p4 Ref u1

