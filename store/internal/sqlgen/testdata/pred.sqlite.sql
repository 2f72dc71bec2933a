-- true
TRUE

-- false
FALSE

-- or of none
FALSE

-- eq not null
t.`name` = ?1
-- p1 String x

-- eq nullable
t.`secret` = ?1
-- p1 String x

-- eq both nullable
(t.`secret` = t.`secret` OR (t.`secret` IS NULL AND t.`secret` IS NULL))

-- eq null
t.`secret` IS NULL

-- ne null
t.`secret` IS NOT NULL

-- lt null
FALSE

-- ne not null
t.`name` <> ?1
-- p1 String x

-- ne nullable
(t.`secret` IS NULL OR t.`secret` <> ?1)
-- p1 String x

-- ne nullable right
(t.`secret` IS NULL OR t.`name` <> t.`secret`)

-- ne both nullable
(t.`secret` <> t.`secret` OR (t.`secret` IS NULL AND t.`secret` IS NOT NULL) OR (t.`secret` IS NOT NULL AND t.`secret` IS NULL))

-- ordering
(t.`size` >= ?1 AND t.`due` < ?2)
-- p1 Int 3
-- p2 Time 7

-- negative zero
t.`size` = ?1
-- p1 Float 0

-- test
(t.`admin` = TRUE OR t.`admin` = FALSE)

-- is null
(t.`secret` IS NULL OR t.`scores` IS NOT NULL OR FALSE)

-- size
(length(t.`name`) > ?1 OR json_array_length(t.`scores`) = ?2)
-- p1 Int 3
-- p2 Int 0

-- size of null
(length(t.`secret`) <> ?1 OR (json_array_length(t.`scores`) IS NOT NULL AND (t.`size` IS NULL OR json_array_length(t.`scores`) <> t.`size`)))
-- p1 Int 3

-- match
(substr(t.`name`, 1, length(?1)) = ?1 OR substr(t.`name`, length(t.`name`) - length(?2) + 1) = ?2 OR instr(t.`name`, ?3) > 0)
-- p1 String a
-- p2 String a
-- p3 String a

-- no match
(substr(t.`name`, 1, length(?1)) <> ?1 OR substr(t.`name`, length(t.`name`) - length(?2) + 1) <> ?2 OR instr(t.`name`, ?3) = 0)
-- p1 String a
-- p2 String a
-- p3 String a

-- in known
t.`name` IN (SELECT _e.value FROM json_each(?1) AS _e)
-- p1 String list [a b]

-- in empty
FALSE

-- in column
?1 IN (SELECT _e.value FROM json_each(t.`scores`) AS _e)
-- p1 Float 1.5

-- not in known
((t.`secret` IS NULL OR t.`secret` NOT IN (SELECT _e.value FROM json_each(?1) AS _e)))
-- p1 String list [a]

-- not in empty
TRUE

-- not in column
(t.`scores` IS NOT NULL AND (t.`size` IS NULL OR t.`size` NOT IN (SELECT _e.value FROM json_each(t.`scores`) AS _e)))

-- not true
(t.`secret` = ?1) IS NOT TRUE
-- p1 String x

-- me
t.`lead` = (SELECT _u1.`flora_id` FROM `User` AS _u1 WHERE _u1.`sub` = ?1)
-- p1 String alice

-- me by another field
EXISTS (SELECT 1 FROM `User` AS _d1 WHERE _d1.`sub` = ?1 AND (t.`secret` = _d1.`name` OR (t.`secret` IS NULL AND _d1.`name` IS NULL)))
-- p1 String alice

-- user value
EXISTS (SELECT 1 FROM `User` AS _d1 WHERE _d1.`sub` = ?1 AND (t.`secret` <> _d1.`name` OR (t.`secret` IS NULL AND _d1.`name` IS NOT NULL) OR (t.`secret` IS NOT NULL AND _d1.`name` IS NULL)))
-- p1 String alice

-- user list
EXISTS (SELECT 1 FROM `User` AS _d1 WHERE _d1.`sub` = ?1 AND t.`secret` IN (SELECT _e.value FROM json_each(_d1.`tags`) AS _e))
-- p1 String alice

-- hop correlated
EXISTS (SELECT 1 FROM `Team` AS _d1 WHERE _d1.`flora_id` = t.`team` AND _d1.`name` = ?1)
-- p1 String x

-- hop by known key
EXISTS (SELECT 1 FROM `Team` AS _d1 WHERE _d1.`flora_id` = ?1 AND _d1.`name` = ?2)
-- p1 Ref t1
-- p2 String x

-- hop that only exists
t.`team` IS NOT NULL

-- hop to another key
(t.`team` IS NOT NULL AND t.`team` <> ?1)
-- p1 String t1

-- caller set
t.`team` IN (SELECT _s1.k FROM _s1)
-- with _s1: SELECT _k1.`team` AS k FROM `Member` AS _k1 WHERE _k1.`user` = (SELECT _u2.`flora_id` FROM `User` AS _u2 WHERE _u2.`sub` = ?1)
-- p1 String alice

-- caller set of two
(t.`team` IN (SELECT _s1.k FROM _s1) OR t.`team` IN (SELECT _s2.k FROM _s2))
-- with _s1: SELECT _k1.`team` AS k FROM `Member` AS _k1 WHERE _k1.`user` = (SELECT _u2.`flora_id` FROM `User` AS _u2 WHERE _u2.`sub` = ?1)
-- with _s2: SELECT _k1.`team` AS k FROM `Member` AS _k1 WHERE _k1.`user` = (SELECT _u2.`flora_id` FROM `User` AS _u2 WHERE _u2.`sub` = ?1) AND _k1.`admin` = TRUE
-- p1 String alice

-- caller set shared
(t.`team` IN (SELECT _s1.k FROM _s1) OR (t.`team` IN (SELECT _s1.k FROM _s1) AND t.`name` = ?2))
-- with _s1: SELECT _k1.`team` AS k FROM `Member` AS _k1 WHERE _k1.`user` = (SELECT _u2.`flora_id` FROM `User` AS _u2 WHERE _u2.`sub` = ?1)
-- p1 String alice
-- p2 String x

-- caller set denied
(t.`team` IS NOT NULL AND t.`team` NOT IN (SELECT _s1.k FROM _s1))
-- with _s1: SELECT _k1.`team` AS k FROM `Member` AS _k1 WHERE _k1.`user` = (SELECT _u2.`flora_id` FROM `User` AS _u2 WHERE _u2.`sub` = ?1)
-- p1 String alice

-- set of nullable keys
t.`flora_id` NOT IN (SELECT _s1.k FROM _s1)
-- with _s1: SELECT _k1.`team` AS k FROM `Project` AS _k1 WHERE _k1.`lead` = (SELECT _u2.`flora_id` FROM `User` AS _u2 WHERE _u2.`sub` = ?1) AND _k1.`team` IS NOT NULL
-- p1 String alice

-- set in a set
t.`flora_id` IN (SELECT _s2.k FROM _s2)
-- with _s1: SELECT _k1.`team` AS k FROM `Member` AS _k1 WHERE _k1.`user` = (SELECT _u2.`flora_id` FROM `User` AS _u2 WHERE _u2.`sub` = ?1)
-- with _s2: SELECT _k1.`team` AS k FROM `Project` AS _k1 WHERE (_k1.`team` IN (SELECT _s1.k FROM _s1) OR _k1.`lead` = (SELECT _u2.`flora_id` FROM `User` AS _u2 WHERE _u2.`sub` = ?1))
-- p1 String alice

-- relation correlated
EXISTS (SELECT 1 FROM `Project` AS _d1 WHERE _d1.`team` = t.`flora_id` AND _d1.`team` = t.`flora_id` AND substr(_d1.`name`, 1, length(?1)) = ?1)
-- p1 String x

-- every
NOT EXISTS (SELECT 1 FROM `Project` AS _d1 WHERE _d1.`team` = t.`flora_id` AND _d1.`lead` IS NOT NULL AND (_d1.`name` = ?1) IS NOT TRUE)
-- p1 String x

-- set that speaks of the row
EXISTS (SELECT 1 FROM `Member` AS _d1 WHERE _d1.`team` = t.`flora_id` AND _d1.`user` = (SELECT _u2.`flora_id` FROM `User` AS _u2 WHERE _u2.`sub` = ?1) AND _d1.`admin` = FALSE AND _d1.`team` = t.`team`)
-- p1 String alice

-- unbound
-- error: print statement: document 77 of Project.name is not bound

-- unknown
FALSE

-- slot
-- error: print statement: operand rules.SlotRef is not known when a statement is printed

