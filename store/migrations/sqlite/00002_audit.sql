-- +goose Up
CREATE TABLE audit (
    sequence  INTEGER PRIMARY KEY,  -- from 1, without gaps
    at        BIGINT  NOT NULL,     -- microseconds since 1970
    actor     TEXT    NOT NULL,
    kind      TEXT    NOT NULL,
    namespace TEXT    NOT NULL,
    name      TEXT    NOT NULL,
    id        TEXT    NOT NULL,
    hash      TEXT    NOT NULL,     -- SHA-256 of doc, hexadecimal
    doc       TEXT    NOT NULL      -- the entry without its hash
);
CREATE INDEX audit_at ON audit (at);
CREATE INDEX audit_actor ON audit (actor, sequence);
CREATE INDEX audit_namespace ON audit (namespace, sequence);
CREATE INDEX audit_name ON audit (name, sequence);
CREATE INDEX audit_id ON audit (id, sequence);

CREATE TABLE audit_removed (        -- the newest entry that was removed for its age
    one      INTEGER PRIMARY KEY CHECK (one = 1),
    sequence BIGINT NOT NULL,
    hash     TEXT   NOT NULL
);

CREATE TABLE usage (
    namespace TEXT   NOT NULL,
    at        BIGINT NOT NULL,      -- seconds since 1970, whole minutes
    used      DOUBLE PRECISION NOT NULL, -- CPUs, from at on
    PRIMARY KEY (namespace, at)
);
CREATE INDEX usage_at ON usage (at);
