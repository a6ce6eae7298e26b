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

/// Each that is genuine waits for the disk: all of a full quarantine take minutes.
TEST_F(QuarantineQuestions, AreAnsweredBetweenTwoRequestsOfARecheck) {
    constexpr std::size_t count = 60;
    const temporary_directory directory;
    quarantine subject(directory.path(), watcher_);
    for (std::size_t i = 0; i < count; ++i)
        subject.keep(doubtful_request(std::to_string(i)), ample);
    ASSERT_TRUE(eventually([&] { return subject.size() == count; }));
    const std::int64_t newest = numbers_in(subject).at(0);
    std::atomic<std::size_t> heard = 0;
    std::promise<bool> ended;
    std::promise<void> begun;
    subject.recheck(
        [&](received_request& request) {
            if (heard++ == 0)
                begun.set_value();
            EXPECT_NE(request.body, std::to_string(count - 1)) << "it was discarded before its turn";
            std::this_thread::sleep_for(50ms);
            return quarantine::hearing::refused;
        },
        [&](bool are_all_heard) { ended.set_value(are_all_heard); });
    begun.get_future().get();
    EXPECT_EQ(numbers_in(subject).size(), count);
    EXPECT_TRUE(subject.discard(newest, 20s).has_value());
    EXPECT_LT(heard.load(), count / 2) << "they waited for the others";
    EXPECT_TRUE(ended.get_future().get());
    EXPECT_EQ(heard.load(), count - 1);
    EXPECT_EQ(subject.size(), count - 1);
}

TEST_F(QuarantineQuestions, SayThatTheTimeIsOverWhereOneHearingTakesLonger) {
    std::promise<void> begun;
    std::promise<void> go_on;
    const temporary_directory directory;
    quarantine subject(directory.path(), watcher_);
    subject.keep(doubtful_request("1"), ample);
    subject.recheck([&](received_request&) {
        begun.set_value();
        go_on.get_future().wait();
        return quarantine::hearing::refused;
    });
    begun.get_future().wait();
    EXPECT_EQ(subject.list(10, std::nullopt, 10ms).error(), errc::deadline_passed) << "the file can be read";
    go_on.set_value();
}

TEST_F(QuarantineQuestions, ARecheckSaysWhetherAllWereHeard) {
    const temporary_directory directory;
    quarantine subject(directory.path(), watcher_);
    subject.keep(doubtful_request("1"), ample);
    ASSERT_TRUE(eventually([&] { return subject.size() == 1; }));
    for (const auto& [judged, are_all_heard] :
         {std::pair{quarantine::hearing::again, false}, std::pair{quarantine::hearing::refused, true}}) {
        std::promise<bool> said;
        subject.recheck([decided = judged](received_request&) { return decided; },
                        [&said](bool all) { said.set_value(all); });
        EXPECT_EQ(said.get_future().get(), are_all_heard);
    }
}

} // namespace
} // namespace outreachd::store
