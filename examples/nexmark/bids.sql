-- Bids in windows of ten seconds of event time: how many, by how many bidders,
-- and the highest. Run it: weir run examples/nexmark/bids.sql --materialize
CREATE TABLE bid (
  auction BIGINT,
  bidder BIGINT,
  price BIGINT,
  `dateTime` TIMESTAMP(3),
  WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH (
  'connector' = 'nexmark',
  'table' = 'bid',
  'events.num' = '100000',
  'next-event.rate' = '1000'
);

SELECT window_start, COUNT(*) AS bids, COUNT(DISTINCT bidder) AS bidders, MAX(price) AS highest
FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(`dateTime`), INTERVAL '10' SECOND))
GROUP BY window_start, window_end;
