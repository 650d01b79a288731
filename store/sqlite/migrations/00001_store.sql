-- +goose Up

-- An entry is the JSON of store.Run; the columns beside it are what lists are
-- ordered and filtered by. Instants are nanoseconds since 1970.
CREATE TABLE runs (
    id         TEXT PRIMARY KEY,
    dir        TEXT NOT NULL,
    entry      TEXT NOT NULL,
    prepared   BIGINT NOT NULL,
    experiment TEXT NOT NULL,
    gateways   TEXT NOT NULL,
    verdict    BIGINT NOT NULL,
    p          DOUBLE PRECISION NOT NULL,
    duration   BIGINT NOT NULL,
    schedule   TEXT NOT NULL,
    ending     TEXT NOT NULL,
    attention  BOOLEAN NOT NULL,
    search     TEXT NOT NULL
);
CREATE INDEX runs_prepared ON runs (prepared, id);
CREATE INDEX runs_experiment ON runs (experiment, id);
CREATE INDEX runs_gateways ON runs (gateways, id);
CREATE INDEX runs_verdict ON runs (verdict, id);
CREATE INDEX runs_p ON runs (p, id);
CREATE INDEX runs_duration ON runs (duration, id);
CREATE INDEX runs_schedule ON runs (schedule, prepared, id);
CREATE INDEX runs_ending ON runs (ending, prepared, id);
CREATE INDEX runs_search ON runs (search); -- is read through, which is less than the table
CREATE INDEX runs_attention ON runs (prepared, id) WHERE attention;

CREATE TABLE run_gateways (
    run     TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    gateway TEXT NOT NULL,
    verdict TEXT NOT NULL, -- empty before the analysis
    PRIMARY KEY (run, gateway, verdict)
);
CREATE INDEX run_gateways_gateway ON run_gateways (gateway, verdict, run);
CREATE INDEX run_gateways_verdict ON run_gateways (verdict, run);

CREATE TABLE run_tags (
    run TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    tag TEXT NOT NULL,
    PRIMARY KEY (run, tag)
);
CREATE INDEX run_tags_tag ON run_tags (tag, run);

CREATE TABLE schedules (
    id       TEXT PRIMARY KEY,
    name     TEXT NOT NULL,
    revision BIGINT NOT NULL,
    entry    TEXT NOT NULL
);

CREATE TABLE firings (
    id       TEXT PRIMARY KEY,
    schedule TEXT NOT NULL, -- empty for a start by hand
    due      BIGINT NOT NULL,
    outcome  TEXT NOT NULL,
    entry    TEXT NOT NULL
);
CREATE UNIQUE INDEX firings_once ON firings (schedule, due) WHERE schedule <> '';
CREATE INDEX firings_due ON firings (due, id);
CREATE INDEX firings_schedule ON firings (schedule, due, id);
CREATE INDEX firings_outcome ON firings (outcome, due, id);

CREATE TABLE accounts (
    name     TEXT PRIMARY KEY,
    scope    TEXT NOT NULL,
    password TEXT NOT NULL,
    created  BIGINT NOT NULL
);

CREATE TABLE sessions (
    hash    TEXT PRIMARY KEY,
    account TEXT NOT NULL REFERENCES accounts (name) ON DELETE CASCADE,
    created BIGINT NOT NULL,
    seen    BIGINT NOT NULL,
    expires BIGINT NOT NULL
);
CREATE INDEX sessions_account ON sessions (account);
CREATE INDEX sessions_expires ON sessions (expires);

CREATE TABLE tokens (
    id      TEXT PRIMARY KEY,
    hash    TEXT NOT NULL UNIQUE,
    name    TEXT NOT NULL,
    scope   TEXT NOT NULL,
    made_by TEXT NOT NULL,
    created BIGINT NOT NULL,
    seen    BIGINT NOT NULL,
    expires BIGINT NOT NULL -- 0: never
);

-- There is one invitation at most.
CREATE TABLE invitations (
    only    BIGINT PRIMARY KEY CHECK (only = 1),
    hash    TEXT NOT NULL,
    expires BIGINT NOT NULL
);

-- +goose Down
DROP TABLE invitations;
DROP TABLE tokens;
DROP TABLE sessions;
DROP TABLE accounts;
DROP TABLE firings;
DROP TABLE schedules;
DROP TABLE run_tags;
DROP TABLE run_gateways;
DROP TABLE runs;
