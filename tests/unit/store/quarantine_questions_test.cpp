/// What people ask of the quarantine, and by which numbers.
#include "daemon/store/database.hpp"
#include "tests/unit/store/quarantine_under_test.hpp"

namespace outreachd::store {
namespace {

using namespace std::chrono_literals;

using QuarantineQuestions = QuarantineUnderTest;

/// The newest first.
std::vector<std::int64_t> numbers_in(quarantine& subject) {
    std::vector<std::int64_t> found;
    for (const quarantine::entry& each : subject.list(1000, std::nullopt, 20s).value())
        found.push_back(each.number);
    return found;
}

using numbers = std::vector<std::int64_t>;

/// Whoever discards what they have looked at must not discard another, that came since.
TEST_F(QuarantineQuestions, NumberOfWhatIsGoneIsNeverGivenAgain) {
    const temporary_directory directory;
    std::int64_t seen = 0;
    {
        quarantine subject(directory.path(), watcher_);
        subject.keep(doubtful_request("a"), ample);
        ASSERT_TRUE(eventually([&] { return subject.size() == 1; }));
        seen = numbers_in(subject).at(0);
        EXPECT_TRUE(subject.discard(seen, 20s).has_value());
        subject.keep(doubtful_request("b"), ample);
        ASSERT_TRUE(eventually([&] { return subject.size() == 1; }));
        EXPECT_EQ(subject.discard(seen, 20s).error(), errc::not_found);
        EXPECT_EQ(kept_in(subject).at(0).body, "b");
        recheck_and_wait(subject, [](received_request&) { return quarantine::hearing::accepted; });
    }
    quarantine after_restart(directory.path(), watcher_);
    after_restart.keep(doubtful_request("c"), ample);
    ASSERT_TRUE(eventually([&] { return after_restart.size() == 1; }));
    EXPECT_EQ(numbers_in(after_restart), numbers{seen + 2});
}

/// As it was made before: the newest number was given again.
constexpr const char* table_of_before = R"sql(
CREATE TABLE requests (
  number            INTEGER PRIMARY KEY,
  received_at       INTEGER NOT NULL,
  endpoint          TEXT NOT NULL,
  source            TEXT NOT NULL,
  peer              TEXT NOT NULL,
  content_type      TEXT NOT NULL,
  outreach_event_id TEXT NOT NULL,
  headers           BLOB NOT NULL,
  cleanup_token     BLOB NOT NULL,
  signature         TEXT NOT NULL,
  bytes             INTEGER NOT NULL,
  body              BLOB NOT NULL
);
CREATE INDEX by_peer ON requests (endpoint, peer, number);
INSERT INTO requests VALUES
  (4, 1, '/hook', 'outreach', '192.0.2.1', '', '', x'', x'', 'aa', 400, 'first'),
  (7, 2, '/hook', 'outreach', '192.0.2.1', '', '', x'', x'', 'aa', 400, 'second');
)sql";

TEST_F(QuarantineQuestions, FileOfBeforeIsTakenOverWithAllItHolds) {
    const temporary_directory directory;
    const std::string file = directory.path() + "/quarantine.db";
    database(file, open_mode::create).execute(table_of_before);
    quarantine subject(directory.path(), watcher_);
    EXPECT_EQ(numbers_in(subject), (numbers{7, 4}));
    EXPECT_EQ(subject.size(), 2U);
    EXPECT_EQ(kept_in(subject).at(1).body, "second");
    EXPECT_TRUE(subject.discard(7, 20s).has_value());
    subject.keep(doubtful_request("third"), ample);
    ASSERT_TRUE(eventually([&] { return subject.size() == 2; }));
    EXPECT_EQ(numbers_in(subject), (numbers{8, 4}));
}

/// One that goes back to the version before and comes again finds what that has kept.
TEST_F(QuarantineQuestions, NumbersThatAVersionOfBeforeGaveCountToo) {
    const temporary_directory directory;
    { // Its thread opens the file for what it is asked.
        quarantine first(directory.path(), watcher_);
        EXPECT_TRUE(numbers_in(first).empty());
    }
    database(directory.path() + "/quarantine.db", open_mode::write)
        .execute("INSERT INTO requests VALUES"
                 " (9, 1, '/hook', 'outreach', '192.0.2.1', '', '', x'', x'', 'aa', 400, 'between')");
    quarantine subject(directory.path(), watcher_);
    subject.keep(doubtful_request("new"), ample);
    ASSERT_TRUE(eventually([&] { return subject.size() == 2; }));
    EXPECT_EQ(numbers_in(subject), (numbers{10, 9}));
}

} // namespace
} // namespace outreachd::store
