-- in order
SELECT concat('[', (SELECT json_group_array(json_array(_t1.`name`)) FROM (SELECT _t1.`name`, _t1.`due`, _t1.`flora_id` FROM `Project` AS _t1 WHERE _t1.`lead` = (SELECT _u2.`flora_id` FROM `User` AS _u2 WHERE _u2.`sub` = ?2) AND _t1.`size` IS NOT NULL UNION ALL SELECT _t1.`name`, _t1.`due`, _t1.`flora_id` FROM `Project` AS _t1 WHERE _t1.`state` = ?3 AND (_t1.`lead` = (SELECT _u2.`flora_id` FROM `User` AS _u2 WHERE _u2.`sub` = ?2)) IS NOT TRUE AND _t1.`size` IS NOT NULL ORDER BY `due` DESC, `flora_id` LIMIT ?1) AS _t1), ']') AS r0, (SELECT MAX(_v.version) FROM flora_schema AS _v) AS v
-- p1 Long 21
-- p2 String alice
-- p3 Enum OPEN

-- with a count
SELECT concat('[', (SELECT COUNT(*) FROM `Project` AS _t1 WHERE _t1.`size` IS NOT NULL AND (_t1.`lead` = (SELECT _u2.`flora_id` FROM `User` AS _u2 WHERE _u2.`sub` = ?1) OR _t1.`state` = ?2)), ',', (SELECT json_group_array(json_array(_t1.`name`)) FROM (SELECT _t1.`name`, _t1.`due`, _t1.`flora_id` FROM `Project` AS _t1 WHERE _t1.`lead` = (SELECT _u3.`flora_id` FROM `User` AS _u3 WHERE _u3.`sub` = ?1) AND _t1.`size` IS NOT NULL UNION ALL SELECT _t1.`name`, _t1.`due`, _t1.`flora_id` FROM `Project` AS _t1 WHERE _t1.`state` = ?4 AND (_t1.`lead` = (SELECT _u3.`flora_id` FROM `User` AS _u3 WHERE _u3.`sub` = ?1)) IS NOT TRUE AND _t1.`size` IS NOT NULL ORDER BY `due` DESC, `flora_id` LIMIT ?3) AS _t1), ']') AS r0, (SELECT MAX(_v.version) FROM flora_schema AS _v) AS v
-- p1 String alice
-- p2 Enum OPEN
-- p3 Long 21
-- p4 Enum OPEN

-- backward, after
SELECT concat('[', (SELECT json_group_array(json_array(_t1.`name`)) FROM (SELECT * FROM (SELECT _t1.`name`, _t1.`due`, _t1.`flora_id` FROM `Project` AS _t1 WHERE _t1.`lead` = (SELECT _u2.`flora_id` FROM `User` AS _u2 WHERE _u2.`sub` = ?3) AND _t1.`size` IS NOT NULL AND _t1.`due` < ?2 UNION ALL SELECT _t1.`name`, _t1.`due`, _t1.`flora_id` FROM `Project` AS _t1 WHERE _t1.`state` = ?4 AND (_t1.`lead` = (SELECT _u2.`flora_id` FROM `User` AS _u2 WHERE _u2.`sub` = ?3)) IS NOT TRUE AND _t1.`size` IS NOT NULL AND _t1.`due` < ?2 ORDER BY `due`, `flora_id` DESC LIMIT ?1) AS _t1 ORDER BY _t1.`due` DESC, _t1.`flora_id`) AS _t1), ']') AS r0, (SELECT MAX(_v.version) FROM flora_schema AS _v) AS v
-- p1 Long 21
-- p2 Time 9
-- p3 String alice
-- p4 Enum OPEN

-- from a set
WITH _s1 AS (SELECT _k1.`team` AS k FROM `Member` AS _k1 WHERE _k1.`user` = (SELECT _u2.`flora_id` FROM `User` AS _u2 WHERE _u2.`sub` = ?2)) SELECT concat('[', (SELECT json_group_array(json_array(_t1.`name`)) FROM (SELECT _t1.`name`, _t1.`due`, _t1.`flora_id` FROM `Project` AS _t1 WHERE _t1.`lead` = (SELECT _u2.`flora_id` FROM `User` AS _u2 WHERE _u2.`sub` = ?2) UNION ALL SELECT _t1.`name`, _t1.`due`, _t1.`flora_id` FROM `Project` AS _t1 WHERE _t1.`team` IN (SELECT _s1.k FROM _s1) AND (_t1.`lead` = (SELECT _u2.`flora_id` FROM `User` AS _u2 WHERE _u2.`sub` = ?2)) IS NOT TRUE ORDER BY `due` DESC, `flora_id` LIMIT ?1) AS _t1), ']') AS r0, (SELECT MAX(_v.version) FROM flora_schema AS _v) AS v
-- p1 Long 21
-- p2 String alice

-- by key
SELECT concat('[', (SELECT json_group_array(json_array(_t1.`name`)) FROM (SELECT _t1.`name`, _t1.`flora_id` FROM `Project` AS _t1 WHERE _t1.`lead` = (SELECT _u2.`flora_id` FROM `User` AS _u2 WHERE _u2.`sub` = ?2) AND _t1.`size` IS NOT NULL UNION ALL SELECT _t1.`name`, _t1.`flora_id` FROM `Project` AS _t1 WHERE _t1.`state` = ?3 AND (_t1.`lead` = (SELECT _u2.`flora_id` FROM `User` AS _u2 WHERE _u2.`sub` = ?2)) IS NOT TRUE AND _t1.`size` IS NOT NULL ORDER BY `flora_id` LIMIT ?1) AS _t1), ']') AS r0, (SELECT MAX(_v.version) FROM flora_schema AS _v) AS v
-- p1 Long 21
-- p2 String alice
-- p3 Enum OPEN

-- beside what many have in common
WITH _s1 AS (SELECT _k1.`team` AS k FROM `Member` AS _k1 WHERE _k1.`user` = (SELECT _u2.`flora_id` FROM `User` AS _u2 WHERE _u2.`sub` = ?3)) SELECT concat('[', (SELECT json_group_array(json_array(_t1.`name`)) FROM (SELECT _t1.`name`, _t1.`due`, _t1.`flora_id` FROM `Project` AS _t1 WHERE _t1.`lead` = (SELECT _u2.`flora_id` FROM `User` AS _u2 WHERE _u2.`sub` = ?3) AND _t1.`state` = ?2 UNION ALL SELECT _t1.`name`, _t1.`due`, _t1.`flora_id` FROM `Project` AS _t1 WHERE _t1.`team` IN (SELECT _s1.k FROM _s1) AND (_t1.`lead` = (SELECT _u2.`flora_id` FROM `User` AS _u2 WHERE _u2.`sub` = ?3)) IS NOT TRUE AND _t1.`state` = ?2 ORDER BY `due` DESC, `flora_id` LIMIT ?1) AS _t1), ']') AS r0, (SELECT MAX(_v.version) FROM flora_schema AS _v) AS v
-- p1 Long 21
-- p2 Enum OPEN
-- p3 String alice

