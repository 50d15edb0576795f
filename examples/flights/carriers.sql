-- Flights and mean delay by airline. Run it: weir run examples/flights/carriers.sql --materialize
CREATE TABLE flights (
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
  cancelled BOOLEAN
) WITH (
  'connector' = 'filesystem',
  'path' = 'data/flights.csv.gz',
  'format' = 'csv',
  'csv.null-literal' = '',
  'csv.skip-header-lines' = '1'
);

SELECT carrier, COUNT(*) AS flights, AVG(CAST(departure_delay_minutes AS DOUBLE)) AS mean_delay_minutes
FROM flights
GROUP BY carrier;
