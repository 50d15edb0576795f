-- Bids by bidder, every ten seconds of the clock (query 12 of the Nexmark
-- benchmark). Without an end; the first rows come when the first ten seconds
-- are over. Run it: weir run examples/nexmark/q12.sql --limit 10
CREATE TABLE bid (
  auction BIGINT,
  bidder BIGINT,
  price BIGINT,
  p_time AS PROCTIME()
) WITH (
  'connector' = 'nexmark',
  'table' = 'bid',
  'scan.rate-limit' = '10000'
);

SELECT bidder, COUNT(*) AS bids, window_start, window_end
FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(p_time), INTERVAL '10' SECOND))
GROUP BY bidder, window_start, window_end;
