-- Orders made up by the datagen connector, summed up by customer.
-- Run it: weir run examples/first.sql --materialize
CREATE TABLE orders (
  id BIGINT,
  customer INT,
  amount DECIMAL(8, 2)
) WITH (
  'connector' = 'datagen',
  'rows-per-second' = '0',
  'fields.id.kind' = 'sequence',
  'fields.id.start' = '1',
  'fields.id.end' = '10000',
  'fields.customer.min' = '1',
  'fields.customer.max' = '5',
  'fields.amount.min' = '1',
  'fields.amount.max' = '100'
);

SELECT customer, COUNT(*) AS orders, SUM(amount) AS total, MAX(amount) AS largest
FROM orders
GROUP BY customer;
