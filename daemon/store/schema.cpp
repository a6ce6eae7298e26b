#include "daemon/store/schema.hpp"

#include "daemon/store/big_endian.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <memory>

#include <fcntl.h>
#include <unistd.h>

namespace outreachd::store {

namespace {

/// `application_id`: "OTRD".
constexpr std::int64_t application_id = 0x4F545244;

/// Events never change once written; what becomes of them stands in `deliveries`. The body is the
/// last column, so that reading the others doesn't touch the pages of a long one. Files are compared with
/// this text, comments too: it stays as it is.
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

/// `user_version` a second time: one flipped bit of the header must not pass for a newer file.
constexpr const char* version_fact = "schema_version";

/// These must come before the first table.
void shape(database& fresh) {
    fresh.execute("PRAGMA page_size=4096");
    fresh.execute("PRAGMA auto_vacuum=INCREMENTAL");
    fresh.execute("PRAGMA journal_mode=WAL"); // in memory there is none, and nothing happens
}

void fill(database& fresh, std::int64_t routed_up_to) {
    const std::string version = std::to_string(schema_version);
    transaction all(fresh, transaction::kind::write);
    fresh.execute(tables);
    fresh.execute(
        ("INSERT INTO facts VALUES ('" + std::string(version_fact) + "', " + version + ")").c_str());
    statement(fresh, "UPDATE facts SET value=? WHERE key='routed_up_to'").bind(routed_up_to).run();
    fresh.execute(("PRAGMA application_id=" + std::to_string(application_id)).c_str());
    fresh.execute(("PRAGMA user_version=" + version).c_str());
    all.commit();
}

std::string text_of_schema(database& of) {
    std::string text;
    statement rows(of, "SELECT type, name, tbl_name, rootpage, sql FROM sqlite_schema ORDER BY rowid");
    while (rows.step())
        for (int column = 0; column < 5; ++column)
            text += rows.text(column) + '\0';
    return text;
}

/// Of the file's header (SQLite's file format, section 1.3) what is the same in every file: magic, page size,
/// WAL mode, fractions; format of the schema; encoding; incremental vacuum and application.
constexpr struct {
    std::size_t from;
    std::size_t end;
} fixed_fields[] = {{0, 24}, {44, 48}, {56, 60}, {64, 72}};

constexpr std::size_t header_bytes = 100;

struct fresh_file {
    std::string image;
    std::vector<std::uint32_t> schema_pages;
    std::string schema;
};

/// Of the tree whose root is page 1 (SQLite's file format, section 1.6): two levels are plenty for it.
std::vector<std::uint32_t> read_schema_pages(const std::string& image) {
    constexpr std::size_t page_header = header_bytes;
    constexpr char interior_table = 5;
    std::vector<std::uint32_t> pages{1};
    if (image.at(page_header) == interior_table) {
        const std::uint32_t cells = read_big_endian(image, page_header + 3, 2);
        for (std::size_t cell = 0; cell < cells; ++cell)
            pages.push_back(read_big_endian(image, read_big_endian(image, page_header + 12 + 2 * cell, 2)));
        pages.push_back(read_big_endian(image, page_header + 8));
    }
    std::sort(pages.begin(), pages.end());
    return pages;
}

const fresh_file& make_once() {
    static const fresh_file made = [] {
        database memory(":memory:", open_mode::write);
        shape(memory);
        fill(memory, 0);
        sqlite3_int64 bytes = 0;
        const std::unique_ptr<unsigned char, decltype(&sqlite3_free)> image(
            sqlite3_serialize(memory.handle(), "main", &bytes, 0), &sqlite3_free);
        if (!image)
            throw std::bad_alloc();
        fresh_file fresh;
        fresh.image.assign(reinterpret_cast<const char*>(image.get()), static_cast<std::size_t>(bytes));
        fresh.image[18] = fresh.image[19] = 2; // as in WAL mode
        fresh.schema_pages = read_schema_pages(fresh.image);
        fresh.schema = text_of_schema(memory);
        return fresh;
    }();
    return made;
}

} // namespace

const std::string& fresh_image() {
    return make_once().image;
}

const std::vector<std::uint32_t>& schema_pages() {
    return make_once().schema_pages;
}

void create_schema(database& fresh, std::int64_t routed_up_to) {
    shape(fresh);
    fill(fresh, routed_up_to);
    // The header is in the file itself before anything relies on it, so that a WAL that goes
    // missing can't make the file look like no database at all.
    fresh.checkpoint_truncate();
}

namespace {

/// Empty where it can't be read: SQLite says why.
std::string read_header(const std::string& file) {
    std::string found(header_bytes, '\0');
    const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0)
        return {};
    const ssize_t got = ::pread(descriptor, found.data(), found.size(), 0);
    ::close(descriptor);
    return got < 0 ? std::string() : found.substr(0, static_cast<std::size_t>(got));
}

} // namespace

void check_header(const std::string& file) {
    const std::string found = read_header(file);
    if (found.empty())
        return;
    for (const auto& [from, end] : fixed_fields)
        if (found.size() < header_bytes ||
            found.compare(from, end - from, fresh_image(), from, end - from) != 0)
            throw damaged_file(file + " doesn't begin as a store of outreachd does");
}

bool is_of_newer_program(const std::string& file) {
    constexpr std::size_t user_version = 60;
    const std::string found = read_header(file);
    return found.size() == header_bytes && read_big_endian(found, user_version) > schema_version;
}

bool has_whole_schema(database& existing) {
    return text_of_schema(existing) == make_once().schema;
}

void check_schema(database& existing) {
    if (existing.read_number("PRAGMA application_id") != application_id)
        throw damaged_file(existing.file() + " is not a store of outreachd");
    const std::int64_t version = existing.read_number("PRAGMA user_version");
    statement fact(existing, "SELECT value FROM facts WHERE key=?");
    const bool is_known = fact.bind(std::string_view(version_fact)).step();
    if (is_known && fact.number(0) != version)
        throw damaged_file(existing.file() + ": its header and its facts differ in the "
                                             "version of the schema");
    fact.reset();
    if (version > schema_version)
        throw newer_schema_error(existing.file() + " was written by a newer outreachd (schema " +
                                 std::to_string(version) + ", this one knows " +
                                 std::to_string(schema_version) + "): install that version again");
    if (!has_whole_schema(existing))
        throw damaged_file(existing.file() + ": its schema isn't that of a store of outreachd");
    // Reads the first page of each table.
    for (const char* table :
         {"events", "deliveries", "dead", "attempts", "steps", "handlers", "runs", "repeats", "facts"})
        existing.read_number(
            ("SELECT count(*) FROM (SELECT 1 FROM " + std::string(table) + " LIMIT 1)").c_str());
    if (existing.read_number("SELECT count(*) FROM facts") < 10)
        throw damaged_file(existing.file() + ": the table of facts is not whole");
}

} // namespace outreachd::store
