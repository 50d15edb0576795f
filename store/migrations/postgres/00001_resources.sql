-- +goose Up
CREATE TABLE resource (
    seq       BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, -- order of creation
    kind      TEXT    NOT NULL,
    id        TEXT    NOT NULL,
    namespace TEXT    NOT NULL,
    name      TEXT,                              -- null for kinds that are not found by name
    owner     TEXT    NOT NULL,                  -- id of the deployment it belongs to, or ''
    job       TEXT    NOT NULL,                  -- id of the job it belongs to, or ''
    version   BIGINT  NOT NULL,
    doc       TEXT    NOT NULL
);
CREATE UNIQUE INDEX resource_id ON resource (kind, id);
CREATE UNIQUE INDEX resource_name ON resource (kind, namespace, name);
CREATE INDEX resource_namespace ON resource (kind, namespace, seq);
CREATE INDEX resource_owner ON resource (kind, owner, seq);
CREATE INDEX resource_job ON resource (kind, job, seq);

CREATE TABLE revision (
    kind       TEXT   NOT NULL,
    id         TEXT   NOT NULL,
    generation BIGINT NOT NULL,
    author     TEXT   NOT NULL,
    created_at TEXT   NOT NULL,
    spec       TEXT   NOT NULL,
    PRIMARY KEY (kind, id, generation)
);

CREATE TABLE lease (
    name   TEXT   PRIMARY KEY,
    holder TEXT   NOT NULL,
    until  BIGINT NOT NULL -- milliseconds since 1970, by the clock of the database
);
