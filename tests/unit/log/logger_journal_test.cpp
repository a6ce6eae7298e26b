/// The logger where stderr is the journal: each line is an entry at its socket, or else a line at stderr.
#include "daemon/log/logger.hpp"
#include "tests/unit/log/captured_stderr.hpp"
#include "tests/unit/log/journal_under_test.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <optional>
#include <sstream>
#include <thread>

#include <stdlib.h>
#include <sys/stat.h>

namespace outreachd::log {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::IsSupersetOf;
using testing::Not;
using testing::Pair;
using testing::SizeIs;
using steady = std::chrono::steady_clock;

/// Says what systemd says of a stderr that is the journal, for as long as it lives.
class journal_stream {
public:
    /// Of the present stderr, or of another file.
    explicit journal_stream(bool is_stderr) {
        if (const char* const before = std::getenv("JOURNAL_STREAM"))
            before_ = before;

        struct stat file {};

        EXPECT_EQ(::fstat(STDERR_FILENO, &file), 0);
        const std::string name =
            std::to_string(file.st_dev) + ":" + std::to_string(file.st_ino + (is_stderr ? 0 : 1));
        ::setenv("JOURNAL_STREAM", name.c_str(), 1);
    }

    ~journal_stream() {
        if (before_)
            ::setenv("JOURNAL_STREAM", before_->c_str(), 1);
        else
            ::unsetenv("JOURNAL_STREAM");
    }

    journal_stream(const journal_stream&) = delete;
    journal_stream& operator=(const journal_stream&) = delete;

private:
    std::optional<std::string> before_;
};

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream all{text};
    for (std::string line; std::getline(all, line);)
        lines.push_back(line);
    return lines;
}

TEST(LoggerJournal, TellsTheStoryOfAnEventByItsField) {
    captured_stderr captured;
    const journal_stream named{true};
    journal_under_test journal;
    {
        logger log{level::debug, format::text, journal.path()};
        log.debug("stored", {{"event_id", "one"}, {"source", "/hook"}});
        log.info("listening", {{"port", 8443}});
        log.warn("a delivery is dead", {{"event_id", "one"}, {"reason", "it said\nno"}});
        log.debug("stored", {{"event_id", "other"}, {"source", "/hook"}});
    }
    EXPECT_EQ(captured.read_all(), "");
    std::vector<std::string> story;
    const auto entries = journal.rest();
    EXPECT_THAT(entries, SizeIs(4));
    for (const std::string& each : entries) {
        const auto fields = read_entry(each);
        ASSERT_TRUE(fields) << each;
        EXPECT_THAT(values_of(*fields, "SYSLOG_IDENTIFIER"), ElementsAre("outreachd"));
        if (values_of(*fields, "OUTREACHD_EVENT_ID") == std::vector<std::string>{"one"})
            story.push_back(values_of(*fields, "PRIORITY").at(0) + " " + values_of(*fields, "MESSAGE").at(0));
    }
    EXPECT_THAT(story, ElementsAre("7 debug stored event_id=one source=/hook",
                                   R"(4 warn a delivery is dead event_id=one reason="it said\nno")"));
}

TEST(LoggerJournal, JsonGoesThereToo) {
    captured_stderr captured;
    const journal_stream named{true};
    journal_under_test journal;
    {
        logger log{level::info, format::json, journal.path()};
        log.error("can't write", {{"file", "a b"}});
    }
    EXPECT_EQ(captured.read_all(), "");
    const auto entries = journal.rest();
    ASSERT_THAT(entries, SizeIs(1));
    const auto fields = read_entry(entries.front());
    ASSERT_TRUE(fields);
    EXPECT_THAT(*fields, IsSupersetOf({Pair("PRIORITY", "3"), Pair("OUTREACHD_FILE", "a b")}));
    EXPECT_THAT(values_of(*fields, "MESSAGE"),
                ElementsAre(testing::EndsWith(R"("level":"error","message":"can't write","file":"a b"})")));
}

TEST(LoggerJournal, AnotherStderrGetsLinesWithTime) {
    captured_stderr captured;
    const journal_stream named{false};
    journal_under_test journal;
    {
        logger log{level::info, format::text, journal.path()};
        log.info("listening", {{"port", 8443}});
    }
    EXPECT_THAT(captured.read_all(), testing::MatchesRegex("20[-0-9]+T[:.0-9]+Z info listening port=8443\n"));
    EXPECT_THAT(journal.rest(), IsEmpty());
}

TEST(LoggerJournal, HugeMessageArrives) {
    captured_stderr captured;
    const journal_stream named{true};
    journal_under_test journal;
    const std::string huge(16 << 20, 'x');
    {
        logger log{level::info, format::text, journal.path()};
        log.info(huge, {{"event_id", "one"}});
    }
    EXPECT_EQ(captured.read_all(), "");
    const auto got = journal.next();
    ASSERT_TRUE(got);
    EXPECT_NE(got->seals, 0);
    const auto fields = read_entry(got->entry);
    ASSERT_TRUE(fields);
    EXPECT_TRUE(values_of(*fields, "MESSAGE").at(0) == "info " + huge + " event_id=one");
}

TEST(LoggerJournal, LinesGoByStderrWhereThereIsNoJournal) {
    captured_stderr captured;
    const journal_stream named{true};
    journal_under_test journal;
    journal.go();
    {
        logger log{level::info, format::text, journal.path()};
        log.info("listening", {{"port", 8443}});
        log.error("can't write", {{"file", "a\nb"}});
    }
    EXPECT_THAT(lines_of(captured.read_all()),
                ElementsAre("<4>warn the journal takes no entries: lines go by stderr, without fields "
                            "cause=\"No such file or directory\"",
                            "<6>info listening port=8443", R"(<3>error can't write file="a\nb")"));
}

TEST(LoggerJournal, ComesBackToAJournalThatComesBack) {
    captured_stderr captured;
    const journal_stream named{true};
    journal_under_test journal;
    {
        logger log{level::info, format::text, journal.path()};
        log.info("first");
        const auto first = journal.next();
        ASSERT_TRUE(first);
        journal.stop_listening();
        log.info("second");
        std::string refused;
        while (refused.find("second\n") == std::string::npos) {
            const std::string more = captured.read_some();
            ASSERT_FALSE(more.empty());
            refused += more;
        }
        EXPECT_THAT(lines_of(refused), SizeIs(2));
        journal.come_back();
        log.info("third");
        const auto third = journal.next();
        ASSERT_TRUE(third);
        EXPECT_NE(third->entry.find("MESSAGE=info third\n"), std::string::npos);
        journal.stop_listening();
        log.info("fourth");
    }
    // That it is refused is told each time it begins.
    EXPECT_THAT(lines_of(captured.read_all()),
                ElementsAre(testing::StartsWith("<4>warn the journal takes no"), "<6>info fourth"));
}

TEST(LoggerJournal, JournalThatStopsReadingStopsNobody) {
    captured_stderr captured;
    const journal_stream named{true};
    journal_under_test journal;
    const auto begun = steady::now();
    std::uint64_t dropped = 0;
    {
        logger log{level::info, format::text, journal.path()};
        // A socket holds some hundred datagrams, the queue 8,192 lines: this is far more than both.
        for (int i = 0; i < 20'000; ++i)
            log.info("nobody reads", {{"number", i}});
        dropped = log.dropped();
        EXPECT_GT(dropped, 10'000U);
        EXPECT_LT(steady::now() - begun, std::chrono::seconds{10});
    }
    // Nor does it hold up the end for long.
    EXPECT_LT(steady::now() - begun, std::chrono::seconds{20});
    const auto entries = journal.rest();
    EXPECT_THAT(entries, Not(IsEmpty()));
    for (const std::string& each : entries)
        EXPECT_TRUE(read_entry(each));
    // At the end stderr gets what it has room for.
    const auto lines = lines_of(captured.read_all());
    EXPECT_THAT(lines, Not(IsEmpty()));
    EXPECT_THAT(lines, Each(testing::StartsWith("<6>info nobody reads number=")));
}

TEST(LoggerJournal, WhatNeitherTakesIsCounted) {
    const auto before = std::signal(SIGPIPE, SIG_IGN);
    captured_stderr captured;
    const journal_stream named{true};
    captured.close_reader();
    journal_under_test journal;
    journal.go();
    {
        logger log{level::info, format::text, journal.path()};
        log.info("to nobody");
        const auto give_up_at = steady::now() + std::chrono::seconds{30};
        while (log.dropped() < 2 && steady::now() < give_up_at)
            std::this_thread::yield();
        EXPECT_EQ(log.dropped(), 2U); // The line, and the one that told why there is no entry.
    }
    std::signal(SIGPIPE, before);
}

} // namespace
} // namespace outreachd::log
