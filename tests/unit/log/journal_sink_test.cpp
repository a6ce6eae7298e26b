/// The sender of entries at a socket of the journal's kind: full, gone, replaced, or asked to take very much.
#include "daemon/log/journal_sink.hpp"
#include "tests/unit/log/journal_under_test.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <future>
#include <iterator>

#include <fcntl.h>

namespace outreachd::log {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;
using testing::Each;
using testing::ElementsAre;
using testing::SizeIs;

std::string numbered(int number) {
    return "MESSAGE=" + std::to_string(number) + "\n";
}

/// A datagram's limit is twice the send buffer, of which the sender asks for 8 MiB.
std::string too_large_for_a_datagram() {
    return "MESSAGE=" + std::string(16 << 20, 'x') + "\n";
}

TEST(JournalSink, SendsADatagramForEachEntry) {
    journal_under_test journal;
    patience waits;
    journal_sink sink{journal.path(), waits};
    for (int i = 0; i < 3; ++i)
        EXPECT_FALSE(sink.send(numbered(i)));
    EXPECT_THAT(journal.rest(), ElementsAre(numbered(0), numbered(1), numbered(2)));
}

/// Larger than any datagram that the kernel takes: it comes in a file that nobody can change any more, as
/// journald wants it from others than root.
TEST(JournalSink, SendsAHugeEntryAsASealedFile) {
    journal_under_test journal;
    patience waits;
    journal_sink sink{journal.path(), waits};
    const std::string huge = too_large_for_a_datagram();
    EXPECT_FALSE(sink.send(huge));
    EXPECT_FALSE(sink.send(numbered(1)));
    const auto got = journal.next();
    ASSERT_TRUE(got);
    EXPECT_TRUE(got->entry == huge) << got->entry.size() << " bytes";
    EXPECT_EQ(got->seals, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
    EXPECT_THAT(journal.rest(), ElementsAre(numbered(1)));
}

TEST(JournalSink, EntriesAroundADatagramsLimitArriveWhole) {
    journal_under_test journal;
    patience waits;
    journal_sink sink{journal.path(), waits};
    int in_files = 0;
    for (std::size_t bytes = 1 << 10; bytes <= (16U << 20U); bytes *= 2) {
        for (const std::size_t size : {bytes - 1, bytes, bytes + 1}) {
            const std::string entry = "MESSAGE=" + std::string(size, 'x') + "\n";
            EXPECT_FALSE(sink.send(entry)) << size;
            const auto got = journal.next();
            ASSERT_TRUE(got) << size;
            EXPECT_TRUE(got->entry == entry) << size;
            in_files += got->seals != 0 ? 1 : 0;
        }
    }
    EXPECT_GT(in_files, 0);
}

TEST(JournalSink, WaitsForAJournalThatDoesNotRead) {
    journal_under_test journal;
    const std::size_t filled = journal.fill(numbered(0));
    ASSERT_GT(filled, 0U);
    patience waits;
    journal_sink sink{journal.path(), waits};
    auto sent = std::async(std::launch::async, [&] { return sink.send(numbered(1)); });
    EXPECT_EQ(sent.wait_for(300ms), std::future_status::timeout);
    for (std::size_t i = 0; i < filled; ++i) {
        const auto got = journal.next();
        ASSERT_TRUE(got);
        EXPECT_EQ(got->entry, numbered(0));
    }
    const auto got = journal.next();
    ASSERT_TRUE(got);
    EXPECT_EQ(got->entry, numbered(1));
    EXPECT_FALSE(sent.get());
}

TEST(JournalSink, GivesUpAtTheEndOfPatience) {
    journal_under_test journal;
    const std::size_t filled = journal.fill(numbered(0));
    patience waits;
    journal_sink sink{journal.path(), waits};
    const auto begun = clock::now();
    auto sent = std::async(std::launch::async, [&] { return sink.send(numbered(1)); });
    waits.end_at(begun + 300ms);
    EXPECT_EQ(sent.get(), std::errc::timed_out);
    EXPECT_GE(clock::now() - begun, 300ms);
    EXPECT_LT(clock::now() - begun, 20s);
    // Nor does the next one wait.
    EXPECT_EQ(sink.send(numbered(2)), std::errc::timed_out);
    const auto all = journal.rest();
    EXPECT_THAT(all, SizeIs(filled));
    EXPECT_THAT(all, Each(numbered(0)));
    // What the journal has room for it still gets.
    EXPECT_FALSE(sink.send(numbered(3)));
    EXPECT_THAT(journal.rest(), ElementsAre(numbered(3)));
}

TEST(JournalSink, AHugeEntryWaitsAndGivesUpToo) {
    journal_under_test journal;
    journal.fill(numbered(0));
    patience waits;
    journal_sink sink{journal.path(), waits};
    waits.end_at(clock::now() + 200ms);
    EXPECT_EQ(sink.send(too_large_for_a_datagram()), std::errc::timed_out);
    EXPECT_THAT(journal.rest(), Each(numbered(0)));
}

TEST(JournalSink, SaysWhyThereIsNoJournal) {
    journal_under_test journal;
    patience waits;
    journal_sink sink{journal.path(), waits};
    journal.stop_listening();
    EXPECT_EQ(sink.send(numbered(0)), std::errc::connection_refused);
    journal.go();
    EXPECT_EQ(sink.send(numbered(0)), std::errc::no_such_file_or_directory);
    journal_sink nowhere{"/" + std::string(200, 'x'), waits};
    EXPECT_EQ(nowhere.send(numbered(0)), std::errc::filename_too_long);
}

TEST(JournalSink, FindsTheJournalOnceItIsThere) {
    journal_under_test journal;
    journal.go();
    patience waits;
    journal_sink sink{journal.path(), waits};
    EXPECT_TRUE(sink.send(numbered(0)));
    journal.come_back();
    EXPECT_FALSE(sink.send(numbered(1)));
    EXPECT_THAT(journal.rest(), ElementsAre(numbered(1)));
}

TEST(JournalSink, LosesNothingWhereTheJournalIsReplaced) {
    journal_under_test journal;
    patience waits;
    journal_sink sink{journal.path(), waits};
    EXPECT_FALSE(sink.send(numbered(0)));
    EXPECT_THAT(journal.rest(), ElementsAre(numbered(0)));
    for (int i = 1; i < 4; ++i) {
        journal.come_back();
        EXPECT_FALSE(sink.send(numbered(i)));
        EXPECT_THAT(journal.rest(), ElementsAre(numbered(i)));
    }
}

TEST(JournalSink, StopsWaitingForAJournalThatGoes) {
    journal_under_test journal;
    journal.fill(numbered(0));
    patience waits;
    journal_sink sink{journal.path(), waits};
    auto sent = std::async(std::launch::async, [&] { return sink.send(numbered(1)); });
    EXPECT_EQ(sent.wait_for(200ms), std::future_status::timeout);
    journal.go();
    // Its file goes a moment after its socket.
    const std::error_code error = sent.get();
    EXPECT_TRUE(error == std::errc::no_such_file_or_directory || error == std::errc::connection_refused)
        << error.message();
}

TEST(JournalSink, LeavesNoDescriptorBehind) {
    const auto open_descriptors = [] {
        const std::filesystem::directory_iterator all{"/proc/self/fd"};
        return std::distance(begin(all), end(all));
    };
    const auto before = open_descriptors();
    {
        journal_under_test journal;
        patience waits;
        journal_sink sink{journal.path(), waits};
        for (int i = 0; i < 2; ++i) {
            EXPECT_FALSE(sink.send(too_large_for_a_datagram()));
            EXPECT_TRUE(journal.next());
            journal.come_back();
        }
        journal.go();
        for (int i = 0; i < 5; ++i)
            EXPECT_TRUE(sink.send(numbered(i)));
    }
    EXPECT_EQ(open_descriptors(), before);
}

} // namespace
} // namespace outreachd::log
