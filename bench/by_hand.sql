-- The same scores as collage.experience gives on the touchpoints of the bench, written by hand for DuckDB: what somebody who
-- knows the shipped catalogue and the data would write, without owners, causes and all else that a mark carries.
-- Of the catalogue it holds the rules whose kinds occur in the data; of claims it knows that each joins one mail address to
-- one account, so that no components need to be sought.
WITH
claimed AS (SELECT one, other, least(one, other) AS c FROM claims WHERE withdrawn_at IS NULL AND confidence >= 0.95),
who AS (SELECT one AS identifier, c FROM claimed UNION ALL SELECT other, c FROM claimed),
rules(kind, mark, w, s, h) AS (FROM (VALUES
  ('contact.answered', 'long_wait', -0.05, 1.0, 21), ('contact.ended', 'unresolved', -0.30, 1.0, 60),
  ('issue.resolved', 'resolved', 0.15, 1.0, 60), ('order.placed', 'ordered', 0.03, 0.25, 180),
  ('delivery.arrived', 'delivered_on_time', 0.08, 0.5, 60), ('delivery.arrived', 'delivered_late', -0.40, 1.0, 60),
  ('self_service.succeeded', 'self_service_succeeded', 0.08, 0.5, 21), ('search.failed', 'search_failed', -0.05, 0.25, 21),
  ('promise.kept', 'promise_kept', 0.10, 1.0, 60), ('promise.broken', 'promise_broken', -0.70, 1.0, 60),
  ('issue.reopened', 'reopened', -0.50, 1.0, 60), ('gesture.made', 'gesture', 0.20, 1.0, 60),
  ('complaint.filed', 'complaint', -0.80, 1.0, 60), ('goods.damaged', 'goods_damaged', -0.60, 1.0, 60),
  ('handover.transferred', 'cold_transfer', -0.25, 1.0, 21), ('product.fault', 'product_fault', -0.35, 1.0, 60))),
t AS MATERIALIZED (
  SELECT coalesce(who.c, identifier) AS c, touchpoint_id AS id, epoch_us(occurred_at) AS us, kind, issue_id, contact_id,
         wait_s, late_s, outcome
  FROM touchpoints LEFT JOIN who USING (identifier)
  WHERE kind NOT IN ('issue.opened', 'delivery.shipped', 'invoice.sent', 'page.viewed', 'ad.seen', 'coupon.received',
                     'product.used', 'promise.made')),
alone AS (
  SELECT c, id, us, issue_id, contact_id, mark, w, s, h,
         CASE mark WHEN 'long_wait' THEN least(8, (wait_s - 90) / 60)
                   WHEN 'delivered_late' THEN least(5, 1 + late_s / 691200) ELSE 1.0 END AS x
  FROM t JOIN rules USING (kind)
  WHERE CASE mark WHEN 'long_wait' THEN wait_s > 90 WHEN 'unresolved' THEN outcome = 'unresolved'
                  WHEN 'resolved' THEN issue_id IS NULL WHEN 'delivered_on_time' THEN late_s <= 0
                  WHEN 'delivered_late' THEN late_s > 0 ELSE TRUE END AND x >= 0.2),
around AS (
  SELECT c, id, us, kind, issue_id, contact_id,
         last_value(CASE WHEN kind = 'issue.resolved' THEN {'us': us, 'contact': contact_id} END IGNORE NULLS) OVER w AS solved,
         last_value(CASE WHEN kind <> 'issue.resolved' THEN {'us': us, 'contact': contact_id} END IGNORE NULLS) OVER w AS met,
         min(CASE WHEN kind <> 'issue.resolved' THEN coalesce('=' || contact_id, '') END) OVER w AS low,
         max(CASE WHEN kind <> 'issue.resolved' THEN coalesce('=' || contact_id, '') END) OVER w AS high
  FROM t WHERE issue_id IS NOT NULL AND kind IN ('contact.answered', 'message.received', 'issue.resolved')
  WINDOW w AS (PARTITION BY c, issue_id ORDER BY us, id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)),
settled AS (
  SELECT c, id, us, issue_id, contact_id,
         low IS NOT NULL AND (contact_id IS NULL OR low <> '=' || contact_id OR high <> '=' || contact_id) AS later
  FROM around WHERE kind = 'issue.resolved'),
back AS (
  SELECT *, solved IS NOT NULL AND us - solved.us <= 7 * 86400000000
            AND (contact_id IS NULL OR solved.contact IS DISTINCT FROM contact_id) AS came
  FROM around WHERE kind <> 'issue.resolved'),
returned AS (
  SELECT c, id, us, issue_id, contact_id, CASE WHEN came THEN 'came_back' ELSE 'repeat_contact' END AS mark
  FROM back
  WHERE came OR (contact_id IS NOT NULL AND met IS NOT NULL AND us - met.us <= 30 * 86400000000
                 AND met.contact IS DISTINCT FROM contact_id)),
waiting AS (
  SELECT c, id, us, issue_id, contact_id, kind,
         min(CASE WHEN kind <> 'message.received' THEN us END) OVER (
           PARTITION BY c ORDER BY us, id ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING) AS answer
  FROM t WHERE kind IN ('message.received', 'message.sent', 'contact.answered', 'issue.resolved')),
ignored AS (
  SELECT c, id, us + 86400000000 AS us, issue_id, contact_id, 'unanswered' AS mark
  FROM waiting WHERE kind = 'message.received' AND coalesce(answer - us > 86400000000, TRUE)),
once AS (
  SELECT * EXCLUDE (n) FROM (
    SELECT *, row_number() OVER (PARTITION BY mark, c, contact_id ORDER BY us, id) AS n
    FROM (FROM returned UNION ALL FROM ignored)) WHERE n = 1 OR contact_id IS NULL),
first AS MATERIALIZED (
  FROM alone
  UNION ALL SELECT c, id, us, issue_id, contact_id, 
                   CASE WHEN later THEN 'resolved_later' WHEN contact_id IS NULL THEN 'resolved' ELSE 'resolved_first_contact' END,
                   CASE WHEN later OR contact_id IS NULL THEN 0.15 ELSE 0.30 END, 1.0, 60, 1.0 FROM settled
  UNION ALL SELECT c, id, us, issue_id, contact_id, mark, CASE mark WHEN 'unanswered' THEN -0.40 ELSE -0.45 END, 1.0, 60, 1.0
            FROM once),
repeated AS (
  SELECT c, id, us, issue_id, contact_id,
         CASE mark WHEN 'delivered_late' THEN 'delivery_bad_again' WHEN 'goods_damaged' THEN 'goods_bad_again'
                   ELSE mark || '_again' END AS mark, -0.60, 1.0, 180, 1.0
  FROM (SELECT *, lag(us) OVER (PARTITION BY c, mark ORDER BY us, id) AS earlier FROM first
        WHERE mark IN ('delivered_late', 'goods_damaged', 'product_fault', 'promise_broken'))
  WHERE us - earlier <= 90 * 86400000000),
gestures AS (SELECT c, issue_id, us, id FROM t WHERE kind = 'gesture.made' AND issue_id IS NOT NULL),
spoiled AS (
  SELECT * EXCLUDE (n) FROM (
    SELECT *, row_number() OVER (PARTITION BY c, about ORDER BY us, id) AS n FROM (
      SELECT f.c, f.id, f.us, any_value(f.issue_id) AS issue_id, any_value(f.contact_id) AS contact_id,
             arg_max(g.id, g.us) AS about, max(g.us) AS tried
      FROM (SELECT DISTINCT c, id, us, issue_id, contact_id FROM first WHERE w < 0) f
      JOIN gestures g ON g.c = f.c AND g.issue_id = f.issue_id AND (g.us, g.id) < (f.us, f.id)
      GROUP BY f.c, f.id, f.us) WHERE us - tried <= 30 * 86400000000) WHERE n = 1),
every AS (
  FROM first UNION ALL FROM repeated
  UNION ALL SELECT c, id, us, issue_id, contact_id, 'recovery_failed', -0.60, 1.0, 180, 1.0 FROM spoiled),
full_issues AS (
  SELECT c, issue_id FROM every WHERE w < 0 AND issue_id IS NOT NULL GROUP BY ALL HAVING sum(-w * x) > 1.8),
capped AS MATERIALIZED (
  SELECT *, 1.0 AS share FROM every ANTI JOIN full_issues USING (c, issue_id)
  UNION ALL SELECT *, 1.0 FROM every SEMI JOIN full_issues USING (c, issue_id) WHERE w > 0
  UNION ALL
  SELECT *, greatest(0, least(1, round((1.8 - coalesce(sum(-w * x) OVER (
    PARTITION BY c, issue_id ORDER BY us, id, mark ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0)) / (-w * x), 12)))
  FROM every SEMI JOIN full_issues USING (c, issue_id) WHERE w < 0),
loud AS (SELECT c, issue_id, contact_id, us FROM t WHERE kind IN ('contact.queued', 'contact.answered', 'message.received',
                                                                  'complaint.filed', 'issue.reopened')),
recoveries AS (
  SELECT c, issue_id, us, id FROM t WHERE kind = 'recovery.confirmed'
  UNION ALL
  SELECT c, issue_id, us + 14 * 86400000000, id FROM t g WHERE kind = 'gesture.made' AND issue_id IS NOT NULL
    AND NOT EXISTS (FROM loud l WHERE l.c = g.c AND l.issue_id = g.issue_id AND l.us > g.us
                    AND l.us <= g.us + 14 * 86400000000
                    AND (g.contact_id IS NULL OR l.contact_id IS DISTINCT FROM g.contact_id))),
healed AS (
  SELECT k.c, k.id, k.mark, k.us, min(r.us) AS at
  FROM capped k JOIN recoveries r ON r.c = k.c AND (r.issue_id IS NULL OR r.issue_id = k.issue_id) AND (r.us, r.id) > (k.us, k.id)
  WHERE k.w < 0 GROUP BY ALL),
weighed AS (
  SELECT c, mark AS weighs_as, us, us AS fades, w, h, x * share AS x, s * least(1, x) * share AS e FROM capped
  UNION ALL
  SELECT k.c, k.mark, healed.at, k.us, w, h, -0.7 * x * share, 0.0
  FROM capped k JOIN healed ON healed.c = k.c AND healed.id = k.id AND healed.mark = k.mark),
left_over AS (
  SELECT *, pow(2, -((asked.us - fades) / 86400000000) / h) AS f, (asked.us - weighed.us) / 86400000000 AS days
  FROM weighed, (SELECT epoch_us(TIMESTAMPTZ '2026-01-01 00:00:00+00') AS us) AS asked WHERE weighed.us <= asked.us),
by_mark AS (
  SELECT c, weighs_as, sum(w * x * f) AS n, sum(e * f) AS d, sum(x * f) * (0.5 * abs(max(w)) + 0.05) AS spread,
         sum(w * x * f) FILTER (days <= 30) AS recent, count(*) AS marks, count(*) FILTER (w * x < 0 AND days <= 90) AS strikes
  FROM left_over GROUP BY ALL),
by_customer AS (
  SELECT c, sum(n) AS n, sum(d) AS d, sqrt(sum(spread * spread)) AS spread, sum(recent) AS recent, sum(marks) AS marks,
         sum(strikes) AS strikes FROM by_mark GROUP BY c),
seen AS (
  SELECT coalesce(who.c, identifier) AS c, max(last) AS last
  FROM (SELECT identifier, max(occurred_at) AS last FROM touchpoints
        WHERE occurred_at <= TIMESTAMPTZ '2026-01-01 00:00:00+00' GROUP BY identifier) LEFT JOIN who USING (identifier)
  GROUP BY ALL)
SELECT c AS customer_id, coalesce(9 * n / (8 + d), 0) AS experience, coalesce(d / (8 + d), 0) AS evidence,
       coalesce(9 * recent / (8 + d), 0) AS trend, coalesce(9 * 1.645 * spread / (8 + d), 0) AS reach,
       coalesce(marks, 0) AS n_marks, coalesce(strikes, 0) AS strikes_90d, last
FROM seen LEFT JOIN by_customer USING (c)
