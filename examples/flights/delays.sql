-- A stateful job over a live stream: delays by airline and hour, joined with the
-- airlines' names, and the worst destinations so far. The source reads the file
-- at a visible pace.
CREATE TEMPORARY TABLE flights (
  departed_at TIMESTAMP(3),
  scheduled_at TIMESTAMP(3),
  carrier STRING,
  flight INT,
  tail_number STRING,
  origin STRING,
  destination STRING,
  departure_delay_minutes INT,
  arrival_delay_minutes INT,
  distance_miles INT,
  cancelled BOOLEAN,
  WATERMARK FOR scheduled_at AS scheduled_at - INTERVAL '1' MINUTE
) WITH (
  'connector' = 'filesystem',
  'path' = 'data/flights.csv.gz',
  'format' = 'csv',
  'csv.null-literal' = '',
  'csv.skip-header-lines' = '1',
  'source.monitor-interval' = '1 s',
  'scan.rate-limit' = '100'
);

CREATE TEMPORARY TABLE airlines (
  carrier STRING,
  name STRING
) WITH (
  'connector' = 'filesystem',
  'path' = 'data/airlines.csv',
  'format' = 'csv',
  'csv.skip-header-lines' = '1'
);

CREATE TEMPORARY TABLE delays_by_hour (
  airline STRING,
  hour_start TIMESTAMP(3),
  flights BIGINT NOT NULL,
  cancelled BIGINT NOT NULL,
  mean_delay_minutes DOUBLE,
  worst_delay_minutes INT
) WITH ('connector' = 'print');

CREATE TEMPORARY TABLE worst_destinations (
  destination STRING,
  flights BIGINT NOT NULL,
  mean_delay_minutes DOUBLE
) WITH ('connector' = 'print');

BEGIN STATEMENT SET;

INSERT INTO delays_by_hour
SELECT airlines.name, hour_start, flights, cancelled, mean_delay_minutes, worst_delay_minutes
FROM (
  SELECT
    carrier,
    window_start AS hour_start,
    COUNT(*) AS flights,
    COUNT(*) FILTER (WHERE cancelled) AS cancelled,
    AVG(CAST(departure_delay_minutes AS DOUBLE)) AS mean_delay_minutes,
    MAX(departure_delay_minutes) AS worst_delay_minutes
  FROM TABLE(TUMBLE(TABLE flights, DESCRIPTOR(scheduled_at), INTERVAL '1' HOUR))
  GROUP BY carrier, window_start, window_end
) AS by_hour
JOIN airlines ON airlines.carrier = by_hour.carrier;

INSERT INTO worst_destinations
SELECT destination, COUNT(*), AVG(CAST(departure_delay_minutes AS DOUBLE))
FROM flights
GROUP BY destination
HAVING AVG(CAST(departure_delay_minutes AS DOUBLE)) > 15;

END;
