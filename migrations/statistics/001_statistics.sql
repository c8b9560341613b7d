-- What all modules' events add up to. A day is a UTC day of the event's own time, not of its arrival.

CREATE TABLE daily_counter (
    metric      text NOT NULL,                 -- "orders", "revenue.XCR": see modules/statistics/counters.c
    day         date NOT NULL,
    value       bigint NOT NULL,               -- may be negative for a day that took away more than it brought
    PRIMARY KEY (metric, day)
);

-- Events that may come again about the same thing count it once.
CREATE TABLE counted_item (
    collection  text NOT NULL,
    item        text NOT NULL,
    PRIMARY KEY (collection, item)
);
