-- nested
WITH _s1 AS (SELECT _k1.`team` AS k FROM `Member` AS _k1 WHERE _k1.`user` = (SELECT _u2.`flora_id` FROM `User` AS _u2 WHERE _u2.`sub` = @p1)), _s2 AS (SELECT _k1.`team` AS k FROM `Member` AS _k1 WHERE _k1.`user` = (SELECT _u2.`flora_id` FROM `User` AS _u2 WHERE _u2.`sub` = @p1) AND _k1.`admin` = TRUE) SELECT TO_JSON_STRING(JSON_ARRAY(ARRAY(SELECT JSON_ARRAY(_t1.`name`, JSON_ARRAY((SELECT COUNT(*) FROM `Project` AS _t2 WHERE _t2.`team` = _t1.`flora_id` AND _t2.`team` IN (SELECT _s1.k FROM _s1)), ARRAY(SELECT JSON_ARRAY(_t2.`flora_id`, UNIX_MICROS(_t2.`due`), CASE WHEN _t2.`times` IS NOT NULL THEN TO_JSON(ARRAY(SELECT UNIX_MICROS(_e) FROM UNNEST(_t2.`times`) AS _e WITH OFFSET AS _o ORDER BY _o)) END, _t2.`scores`, _t2.`day`, CASE WHEN _t2.`team` IN (SELECT _s2.k FROM _s2) THEN JSON_ARRAY(_t2.`secret`) END, CASE WHEN _t2.`lead` = (SELECT _u3.`flora_id` FROM `User` AS _u3 WHERE _u3.`sub` = @p1) THEN JSON_ARRAY((SELECT JSON_ARRAY(_t4.`name`) FROM `User` AS _t4 WHERE _t4.`flora_id` = _t2.`lead`)) END) FROM (SELECT _t2.`flora_id`, _t2.`due`, _t2.`times`, _t2.`scores`, _t2.`day`, _t2.`team`, _t2.`secret`, _t2.`lead` FROM `Project` AS _t2 WHERE _t2.`team` = _t1.`flora_id` AND _t2.`team` IN (SELECT _s1.k FROM _s1) AND _t2.`due` < @p2 ORDER BY _t2.`due` DESC, _t2.`flora_id` LIMIT @p3) AS _t2 ORDER BY _t2.`due` DESC, _t2.`flora_id`))) FROM (SELECT _t1.`name`, _t1.`flora_id` FROM `Team` AS _t1 WHERE _t1.`flora_id` IN (SELECT _s1.k FROM _s1) ORDER BY _t1.`flora_id` LIMIT @p4) AS _t1 ORDER BY _t1.`flora_id`))) AS r0, TO_JSON_STRING(JSON_ARRAY((SELECT COUNT(*) FROM `Team` AS _t5))) AS r1, TO_JSON_STRING((SELECT JSON_ARRAY(_t6.`tags`) FROM `User` AS _t6 WHERE _t6.`flora_id` = @p5)) AS r2, (SELECT MAX(_v.version) FROM flora_schema AS _v) AS v
-- p1 String alice
-- p2 Time 9
-- p3 Long 21
-- p4 Long 51
-- p5 ID u1

-- beside all documents
WITH _s1 AS (SELECT _k1.`team` AS k FROM `Member` AS _k1 WHERE _k1.`user` = (SELECT _u2.`flora_id` FROM `User` AS _u2 WHERE _u2.`sub` = @p2)) SELECT TO_JSON_STRING((SELECT JSON_ARRAY(CASE WHEN EXISTS (SELECT 1 FROM `Team` AS _d2 WHERE _d2.`flora_id` = @p1 AND _d2.`flora_id` IN (SELECT _s1.k FROM _s1)) THEN JSON_ARRAY(@p3) END) FROM UNNEST([1]))) AS r0, (SELECT MAX(_v.version) FROM flora_schema AS _v) AS v
-- p1 ID red
-- p2 String alice
-- p3 Boolean true

