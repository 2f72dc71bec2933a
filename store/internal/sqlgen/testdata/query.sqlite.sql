-- nested
WITH _s1 AS (SELECT _k1.`team` AS k FROM `Member` AS _k1 WHERE _k1.`user` = (SELECT _u2.`flora_id` FROM `User` AS _u2 WHERE _u2.`sub` = ?1)), _s2 AS (SELECT _k1.`team` AS k FROM `Member` AS _k1 WHERE _k1.`user` = (SELECT _u2.`flora_id` FROM `User` AS _u2 WHERE _u2.`sub` = ?1) AND _k1.`admin` = TRUE) SELECT concat('[', (SELECT concat('[', group_concat(concat('[', trim(json_array(_t1.`name`), '[]'), ',', coalesce(concat('[', (SELECT COUNT(*) FROM `Project` AS _t2 WHERE _t2.`team` = _t1.`flora_id` AND _t2.`team` IN (SELECT _s1.k FROM _s1)), ',', (SELECT concat('[', group_concat(concat('[', trim(json_array(_t2.`flora_id`, _t2.`due`), '[]'), ',', coalesce(json(_t2.`times`), 'null'), ',', coalesce(json(_t2.`scores`), 'null'), ',', trim(json_array(_t2.`day`), '[]'), ',', coalesce(CASE WHEN _t2.`team` IN (SELECT _s2.k FROM _s2) THEN json_array(_t2.`secret`) END, 'null'), ',', coalesce(CASE WHEN _t2.`lead` = (SELECT _u3.`flora_id` FROM `User` AS _u3 WHERE _u3.`sub` = ?1) THEN concat('[', coalesce((SELECT json_array(_t4.`name`) FROM `User` AS _t4 WHERE _t4.`flora_id` = _t2.`lead`), 'null'), ']') END, 'null'), ']'), ','), ']') FROM (SELECT _t2.`flora_id`, _t2.`due`, _t2.`times`, _t2.`scores`, _t2.`day`, _t2.`team`, _t2.`secret`, _t2.`lead` FROM `Project` AS _t2 WHERE _t2.`team` = _t1.`flora_id` AND _t2.`team` IN (SELECT _s1.k FROM _s1) AND _t2.`due` < ?2 ORDER BY _t2.`due` DESC, _t2.`flora_id` LIMIT ?3) AS _t2), ']'), 'null'), ']'), ','), ']') FROM (SELECT _t1.`name`, _t1.`flora_id` FROM `Team` AS _t1 WHERE _t1.`flora_id` IN (SELECT _s1.k FROM _s1) ORDER BY _t1.`flora_id` LIMIT ?4) AS _t1), ']') AS r0, concat('[', (SELECT COUNT(*) FROM `Team` AS _t5), ']') AS r1, (SELECT concat('[', coalesce(json(_t6.`tags`), 'null'), ']') FROM `User` AS _t6 WHERE _t6.`flora_id` = ?5) AS r2, (SELECT MAX(_v.version) FROM flora_schema AS _v) AS v
-- p1 String alice
-- p2 Time 9
-- p3 Long 21
-- p4 Long 51
-- p5 ID u1

-- beside all documents
WITH _s1 AS (SELECT _k1.`team` AS k FROM `Member` AS _k1 WHERE _k1.`user` = (SELECT _u2.`flora_id` FROM `User` AS _u2 WHERE _u2.`sub` = ?2)) SELECT (SELECT concat('[', coalesce(CASE WHEN EXISTS (SELECT 1 FROM `Team` AS _d2 WHERE _d2.`flora_id` = ?1 AND _d2.`flora_id` IN (SELECT _s1.k FROM _s1)) THEN json_array(?3) END, 'null'), ']')) AS r0, (SELECT MAX(_v.version) FROM flora_schema AS _v) AS v
-- p1 ID red
-- p2 String alice
-- p3 Boolean true

