#include "daemon/store/schema.hpp"

#include <sqlite3.h>

namespace outreachd::store {

namespace {

/// `application_id`: "OTRD".
constexpr std::int64_t application_id = 0x4F545244;

/// Events never change once written; what becomes of them stands in `deliveries`. The body is the
/// last column, so that reading the others doesn't touch the pages of a long one.
constexpr const char* tables = R"sql(
CREATE TABLE events (
  sequence          INTEGER PRIMARY KEY,   -- order of receipt; microseconds since 1970, or one more than the last
  id                BLOB NOT NULL UNIQUE,  -- UUIDv7
  name              TEXT NOT NULL,
  resource          TEXT NOT NULL,
  action            TEXT NOT NULL,
  resource_id       TEXT NOT NULL,
  job_id            TEXT NOT NULL,
  delivered_at      INTEGER,               -- Outreach's time, microseconds since 1970
  is_readable       INTEGER NOT NULL,
  received_at       INTEGER NOT NULL,      -- microseconds since 1970
  endpoint          TEXT NOT NULL,
  source            TEXT NOT NULL,
  content_type      TEXT NOT NULL,
  outreach_event_id TEXT NOT NULL,
  headers           BLOB NOT NULL,         -- name LF value LF ...
  cleanup_token     BLOB NOT NULL,         -- a credential
  body_digest       BLOB NOT NULL,         -- SHA-256 of the body
  checksum          BLOB NOT NULL,         -- SHA-256 over all other columns but the body
  body              BLOB NOT NULL
);

CREATE TABLE handlers (
  id         INTEGER PRIMARY KEY,          -- 0: no handler
  name       TEXT NOT NULL UNIQUE,
  pending    INTEGER NOT NULL DEFAULT 0,   -- deliveries in these states
  retry      INTEGER NOT NULL DEFAULT 0,
  dead       INTEGER NOT NULL DEFAULT 0,
  last_error TEXT NOT NULL DEFAULT ''
);
INSERT INTO handlers (id, name) VALUES (0, '');

CREATE TABLE deliveries (
  event           INTEGER NOT NULL,        -- events.sequence
  handler         INTEGER NOT NULL,        -- handlers.id
  state           INTEGER NOT NULL,        -- 0 pending, 1 retry, 2 done, 3 dead, 4 unrouted, 5 discarded, 6 published
  attempts        INTEGER NOT NULL DEFAULT 0,
  next_attempt_at INTEGER,
  ordering_key    INTEGER NOT NULL DEFAULT 0,
  finished_at     INTEGER,
  reason          TEXT NOT NULL DEFAULT '',
  last_answer     TEXT NOT NULL DEFAULT '',
  replay          INTEGER NOT NULL DEFAULT 0, -- how often the event was replayed; part of the delivery's id
  is_conditional  INTEGER NOT NULL DEFAULT 0, -- a `where` has yet to say whether it is wanted
  PRIMARY KEY (event, handler)
) WITHOUT ROWID;
CREATE INDEX unfinished ON deliveries (handler, event) WHERE state < 2;
CREATE INDEX ended ON deliveries (handler, event) WHERE state >= 3 AND state < 6; -- dead, unrouted, discarded

CREATE TABLE dead (                        -- finds a dead delivery by its id
  delivery BLOB PRIMARY KEY,               -- UUIDv5
  event    INTEGER NOT NULL,
  handler  INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX dead_by_event ON dead (event, handler);
CREATE INDEX dead_by_handler ON dead (handler, event);

CREATE TABLE attempts (                    -- those that failed, and what came after them
  event      INTEGER NOT NULL,
  handler    INTEGER NOT NULL,
  number     INTEGER NOT NULL,
  started_at INTEGER NOT NULL,
  took       INTEGER NOT NULL,             -- microseconds
  outcome    INTEGER NOT NULL,             -- a state
  reason     TEXT NOT NULL,
  PRIMARY KEY (event, handler, started_at, number) -- after a replay the numbers begin anew
) WITHOUT ROWID;

CREATE TABLE steps (                       -- of deliveries that aren't done: what is done of them
  event   INTEGER NOT NULL,
  handler INTEGER NOT NULL,
  number  INTEGER NOT NULL,                -- from 0
  result  TEXT NOT NULL,                   -- JSON
  PRIMARY KEY (event, handler, number)
) WITHOUT ROWID;

CREATE TABLE runs (                        -- of the repeat index, sealed
  run    INTEGER PRIMARY KEY,
  newest INTEGER NOT NULL,                 -- sequence
  size   INTEGER NOT NULL
);
CREATE TABLE repeats (
  run         INTEGER NOT NULL,
  fingerprint BLOB NOT NULL,               -- 16 bytes
  sequence    INTEGER NOT NULL,
  PRIMARY KEY (run, fingerprint)
) WITHOUT ROWID;

CREATE TABLE facts (                       -- one row of each
  key   TEXT PRIMARY KEY,
  value INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO facts VALUES
  ('routed_up_to', 0), ('indexed_up_to', 0),
  ('received', 0), ('pending', 0), ('done', 0), ('dead', 0), ('unrouted', 0),
  ('published', 0), ('discarded', 0), ('expired', 0);
)sql";

} // namespace

void create_schema(database& fresh) {
    // Both must come before the first table.
    fresh.execute("PRAGMA auto_vacuum=INCREMENTAL");
    fresh.execute("PRAGMA journal_mode=WAL");
    transaction all(fresh, transaction::kind::write);
    fresh.execute(tables);
    fresh.execute(("PRAGMA application_id=" + std::to_string(application_id)).c_str());
    fresh.execute(("PRAGMA user_version=" + std::to_string(schema_version)).c_str());
    all.commit();
    // The header is in the file itself before anything relies on it, so that a WAL that goes
    // missing can't make the file look like no database at all.
    fresh.checkpoint_truncate();
}

void check_schema(database& existing) {
    if (existing.read_number("PRAGMA application_id") != application_id)
        throw database_error(SQLITE_NOTADB, existing.file() + " is not a store of outreachd");
    const std::int64_t version = existing.read_number("PRAGMA user_version");
    if (version > schema_version)
        throw newer_schema_error(existing.file() + " was written by a newer outreachd (schema " +
                                 std::to_string(version) + ", this one knows " +
                                 std::to_string(schema_version) + "): install that version again");
    // Reads the whole schema, and the first page of each table.
    for (const char* table :
         {"events", "deliveries", "dead", "attempts", "steps", "handlers", "runs", "repeats", "facts"})
        existing.read_number(
            ("SELECT count(*) FROM (SELECT 1 FROM " + std::string(table) + " LIMIT 1)").c_str());
    if (existing.read_number("SELECT count(*) FROM facts") < 10)
        throw database_error(SQLITE_CORRUPT, existing.file() + ": the table of facts is not whole");
}

} // namespace outreachd::store
