/// What the quarantine keeps, for whom, and what it drops.
#include "daemon/event/held_bytes.hpp"
#include "daemon/store/quarantine.hpp"
#include "tests/unit/store/quarantine_under_test.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <future>
#include <map>
#include <thread>

namespace outreachd::store {
namespace {

using namespace std::chrono_literals;

using hearing = quarantine::hearing;

/// What a request of `doubtful_request` counts for besides its body: its row, and every other field.
constexpr std::uint64_t row_bytes = 256 + 119;

std::map<std::string, std::size_t> kept_by_peer(quarantine& subject) {
    std::map<std::string, std::size_t> counts;
    for (const received_request& each : kept_in(subject))
        ++counts[each.peer];
    return counts;
}

using Quarantine = QuarantineUnderTest;

TEST_F(Quarantine, KeepsARequestWithAllThatItsSecondHearingNeeds) {
    const temporary_directory directory;
    quarantine subject(directory.path(), watcher_);
    const std::string body("{\"a\":\0\xff 1}", 10);
    received_request sent = doubtful_request(body);
    sent.headers = {{"Outreach-Org-Id", "0f0e"}, {"Outreach-Other", ""}};
    subject.keep(sent, ample);
    const auto kept = kept_in(subject);
    ASSERT_EQ(kept.size(), 1U);
    EXPECT_EQ(kept[0].endpoint, sent.endpoint);
    EXPECT_EQ(kept[0].source, sent.source);
    EXPECT_EQ(kept[0].received_at, sent.received_at);
    EXPECT_EQ(kept[0].peer, sent.peer);
    EXPECT_EQ(kept[0].content_type, sent.content_type);
    EXPECT_EQ(kept[0].outreach_event_id, sent.outreach_event_id);
    EXPECT_EQ(kept[0].headers, sent.headers);
    EXPECT_EQ(kept[0].cleanup_token.reveal(), sent.cleanup_token.reveal());
    EXPECT_EQ(kept[0].signatures, sent.signatures);
    EXPECT_EQ(kept[0].body, body);
}

TEST_F(Quarantine, RemovesWhatBecameAnEventAndKeepsTheRest) {
    const temporary_directory directory;
    quarantine subject(directory.path(), watcher_);
    for (const char* const body : {"1", "2", "3"})
        subject.keep(doubtful_request(body), ample);
    std::vector<std::string> heard;
    recheck_and_wait(subject, [&](received_request& request) {
        heard.push_back(request.body);
        return request.body == "2" ? hearing::accepted : hearing::refused;
    });
    EXPECT_EQ(heard, (std::vector<std::string>{"1", "2", "3"})) << "oldest first";
    EXPECT_EQ(subject.size(), 2U);
    EXPECT_EQ(subject.recovered(), 1U);
    EXPECT_EQ(kept_in(subject).size(), 2U);
    EXPECT_EQ(subject.dropped(), 0U);
}

TEST_F(Quarantine, KeepsNoMoreThanItsBytesAndDropsTheOldest) {
    const temporary_directory directory;
    quarantine subject(directory.path(), watcher_);
    constexpr std::uint64_t bytes_max = 10 * (row_bytes + 1000);
    for (char i = 0; i < 11; ++i)
        subject.keep(doubtful_request(std::string(1000, static_cast<char>('a' + i))), bytes_max);
    const auto kept = kept_in(subject);
    ASSERT_EQ(kept.size(), 10U);
    EXPECT_EQ(kept.front().body.front(), 'b');
    EXPECT_EQ(kept.back().body.front(), 'k');
    EXPECT_EQ(subject.size(), 10U);
    EXPECT_EQ(subject.dropped(), 1U) << "its 401 was final: that it is lost has to be seen";
}

/// Every field is somebody else's choice.
TEST_F(Quarantine, CountsEveryFieldAgainstItsBytes) {
    const std::string large(15'000, 'x');
    const auto with_large = [&](auto change) {
        received_request made = doubtful_request("");
        change(made);
        return made;
    };
    for (const received_request& sent :
         {with_large([&](auto& to) { to.content_type = large; }),
          with_large([&](auto& to) { to.outreach_event_id = large; }),
          with_large([&](auto& to) { to.cleanup_token = secret(large); }),
          with_large([&](auto& to) { to.signatures = {std::string(64, 'a') + large}; }),
          with_large([&](auto& to) {
              to.headers = {{"Outreach-Other", large}};
          }),
          with_large([&](auto& to) {
              to.headers = {{"Outreach-" + large, ""}};
          })}) {
        const temporary_directory directory;
        quarantine subject(directory.path(), watcher_);
        for (int i = 0; i < 10; ++i)
            subject.keep(sent, 50'000);
        EXPECT_EQ(kept_in(subject).size(), 3U);
    }
}

TEST_F(Quarantine, KeepsABodyOfTheLargestSize) {
    const temporary_directory directory;
    quarantine subject(directory.path(), watcher_);
    subject.keep(doubtful_request(std::string(16 * 1024 * 1024, 'a')), ample);
    EXPECT_EQ(kept_in(subject).size(), 1U);
}

TEST_F(Quarantine, OnePeersBytesLeaveRoomToAllOthers) {
    const temporary_directory directory;
    quarantine subject(directory.path(), watcher_);
    const auto begun = std::chrono::steady_clock::now();
    for (int i = 0; i < 200; ++i)
        subject.keep(doubtful_request(std::string(1024 * 1024, 'a'), "192.0.2.1"), 1024 * ample);
    for (int i = 0; i < 20; ++i)
        subject.keep(doubtful_request(std::string(1024 * 1024, 'b'), "192.0.2.2"), 1024 * ample);
    const auto kept = kept_by_peer(subject);
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(std::chrono::steady_clock::now() - begun);
    EXPECT_EQ(kept.at("192.0.2.2"), 20U);
    EXPECT_LE(kept.at("192.0.2.1"), 24U + static_cast<std::size_t>(seconds.count()));
}

/// Many short headers take several times what they take in the file.
TEST_F(Quarantine, WhatWaitsCountsForWhatItTakesInMemory) {
    received_request sent = doubtful_request("1");
    sent.headers.assign(250, {"Outreach-1234567", "1234567890123456"});
    std::promise<void> entered;
    std::promise<void> may_go_on;
    const temporary_directory directory;
    quarantine subject(directory.path(), watcher_);
    subject.keep(doubtful_request("0"), ample);
    subject.recheck([&](received_request&) { // Its thread writes nothing meanwhile.
        entered.set_value();
        may_go_on.get_future().wait();
        return hearing::refused;
    });
    entered.get_future().get();
    constexpr std::uint64_t times = 1400;
    for (std::uint64_t i = 0; i < times; ++i)
        subject.keep(sent, ample);
    may_go_on.set_value();
    EXPECT_GE(subject.dropped(), times - 24 * 1024 * 1024 / held_bytes(sent));
}

/// A store that can't write for a while must not cost what was just proved genuine.
TEST_F(Quarantine, HearsAgainWhatCouldNotBeStored) {
    const temporary_directory directory;
    quarantine subject(directory.path(), watcher_);
    subject.keep(doubtful_request("1"), ample);
    std::atomic<int> heard = 0;
    subject.recheck([&](received_request&) { return ++heard == 1 ? hearing::again : hearing::accepted; });
    EXPECT_TRUE(eventually([&] { return heard == 2 && subject.size() == 0; }));
    EXPECT_EQ(subject.recovered(), 1U);
}

/// A request that was on its way when a secret was mended is judged by the old ones, and kept behind the
/// hearing.
TEST_F(Quarantine, HearsOnceMoreWhatCameBehindTheHearing) {
    const temporary_directory directory;
    quarantine subject(directory.path(), watcher_);
    std::promise<void> heard;
    subject.recheck([](received_request&) { return hearing::accepted; },
                    [&heard](bool) { heard.set_value(); }, 500ms);
    heard.get_future().get();
    subject.keep(doubtful_request("1"), ample);
    EXPECT_TRUE(eventually([&] { return subject.recovered() == 1; }));
    subject.keep(doubtful_request("2"), ample);
    std::this_thread::sleep_for(1s);
    EXPECT_EQ(subject.size(), 1U) << "once, and not for ever";
}

TEST_F(Quarantine, HearsOnceMoreThoughSomebodyAskedMeanwhile) {
    const temporary_directory directory;
    quarantine subject(directory.path(), watcher_);
    subject.recheck([](received_request&) { return hearing::refused; }, {}, 500ms);
    std::atomic<int> times = 0;
    std::promise<void> heard;
    subject.recheck(
        [&times](received_request&) {
            ++times;
            return hearing::refused;
        },
        [&heard](bool) { heard.set_value(); });
    heard.get_future().get();
    subject.keep(doubtful_request("1"), ample);
    EXPECT_TRUE(eventually([&] { return times == 1; }));
}

TEST_F(Quarantine, DropsARequestLargerThanAllThatIsKept) {
    const temporary_directory directory;
    quarantine subject(directory.path(), watcher_);
    subject.keep(doubtful_request(std::string(1000, 'a')), row_bytes + 1000);
    subject.keep(doubtful_request(std::string(1001, 'b')), row_bytes + 1000);
    EXPECT_EQ(kept_in(subject).size(), 1U);
    EXPECT_EQ(subject.dropped(), 1U);
}

TEST_F(Quarantine, KeepsNothingWhereItIsOff) {
    const temporary_directory directory;
    quarantine subject(directory.path(), watcher_);
    subject.keep(doubtful_request(""), 0);
    EXPECT_TRUE(kept_in(subject).empty());
    EXPECT_EQ(subject.size(), 0U);
    EXPECT_EQ(subject.dropped(), 0U) << "nothing was to be kept";
}

TEST_F(Quarantine, MakesRoomByThePeerThatTakesUpMost) {
    const temporary_directory directory;
    quarantine subject(directory.path(), watcher_);
    constexpr std::uint64_t bytes_max = 10 * (row_bytes + 1000);
    for (int i = 0; i < 3; ++i)
        subject.keep(doubtful_request(std::string(1000, 'a'), "192.0.2.1"), bytes_max);
    for (int i = 0; i < 50; ++i)
        subject.keep(doubtful_request(std::string(1000, 'b'), "192.0.2.2"), bytes_max);
    EXPECT_EQ(kept_by_peer(subject),
              (std::map<std::string, std::size_t>{{"192.0.2.1", 3}, {"192.0.2.2", 7}}));
    EXPECT_EQ(subject.dropped(), 43U);
}

TEST_F(Quarantine, OnePeersRateLeavesRoomToAllOthers) {
    const temporary_directory directory;
    quarantine subject(directory.path(), watcher_);
    constexpr std::size_t sent = 6'000; // above what all peers together may send at once
    for (std::size_t i = 0; i < sent; ++i)
        subject.keep(doubtful_request("", "192.0.2.1"), ample);
    const std::uint64_t dropped = subject.dropped();
    for (int i = 0; i < 200; ++i)
        subject.keep(doubtful_request("", "192.0.2." + std::to_string(2 + i % 20)), ample);
    EXPECT_EQ(subject.dropped(), dropped) << "of the other peers";
    const auto kept = kept_by_peer(subject);
    EXPECT_GE(kept.at("192.0.2.1"), 1'500U);
    EXPECT_EQ(kept.at("192.0.2.1") + dropped, sent);
    EXPECT_EQ(kept.size(), 21U);
}

TEST_F(Quarantine, PeersAreForgottenAndTheRateOfAllStillHolds) {
    const temporary_directory directory;
    quarantine subject(directory.path(), watcher_);
    constexpr std::size_t sent = 20'000;
    const auto begun = std::chrono::steady_clock::now();
    for (std::size_t i = 0; i < sent; ++i)
        subject.keep(doubtful_request("", "peer " + std::to_string(i)), ample);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
    EXPECT_LE(static_cast<double>(sent - subject.dropped()), 4'000 + 500 * took.count() + 1);
}

TEST_F(Quarantine, SurvivesARestart) {
    const temporary_directory directory;
    {
        quarantine first(directory.path(), watcher_);
        first.keep(doubtful_request("1", "192.0.2.1"), ample);
        first.keep(doubtful_request("2", "192.0.2.2"), ample);
        EXPECT_TRUE(first.stop(std::chrono::steady_clock::now() + 20s));
        first.keep(doubtful_request("late"), ample);
    }
    quarantine second(directory.path(), watcher_);
    EXPECT_EQ(kept_in(second).size(), 2U);
    EXPECT_EQ(second.size(), 2U);
    // What was there before still counts.
    second.keep(doubtful_request("3", "192.0.2.3"), 2 * (row_bytes + 1));
    EXPECT_EQ(kept_in(second).size(), 2U);
    EXPECT_EQ(second.dropped(), 1U);
}

TEST_F(Quarantine, ReplacesADamagedFile) {
    const temporary_directory directory;
    std::ofstream(directory.path() + "/quarantine.db") << std::string(8192, 'x');
    quarantine subject(directory.path(), watcher_);
    subject.keep(doubtful_request("1"), ample);
    EXPECT_EQ(kept_in(subject).size(), 1U);
    EXPECT_EQ(subject.dropped(), 0U);
}

/// Its 401 was final: who dropped it has to say why.
TEST_F(Quarantine, CountsWhatItsFileCouldNotTakeAndTellsTheCause) {
    const temporary_directory directory;
    quarantine subject(directory.path() + "/absent", watcher_);
    subject.keep(doubtful_request("1"), ample);
    EXPECT_TRUE(eventually([&] { return subject.dropped() == 1; }));
    EXPECT_EQ(subject.size(), 0U);
    ASSERT_EQ(watcher_.failures().size(), 1U);
    EXPECT_NE(watcher_.failures()[0].find("unable to open database file"), std::string::npos);
}

TEST_F(Quarantine, TellsOfARecheckThatCanNotRead) {
    const temporary_directory directory;
    quarantine subject(directory.path() + "/absent", watcher_);
    std::promise<bool> heard;
    subject.recheck([](received_request&) { return hearing::refused; },
                    [&heard](bool are_all_heard) { heard.set_value(are_all_heard); });
    EXPECT_FALSE(heard.get_future().get());
    ASSERT_EQ(watcher_.failures().size(), 1U);
    EXPECT_EQ(subject.dropped(), 0U) << "nothing is lost by that";
}

TEST_F(Quarantine, TellsWhenItsFileCanBeUsedAgain) {
    const temporary_directory directory;
    const std::string place = directory.path() + "/absent";
    quarantine subject(place, watcher_);
    subject.keep(doubtful_request("1"), ample);
    EXPECT_TRUE(eventually([&] { return watcher_.failures().size() == 1; }));
    std::filesystem::create_directory(place);
    subject.keep(doubtful_request("2"), ample);
    EXPECT_TRUE(eventually([&] { return watcher_.failures().empty(); }));
    EXPECT_EQ(subject.size(), 1U);
}

/// What can be read may not be writable.
TEST_F(Quarantine, AQuestionThatIsAnsweredIsNoSignThatItWorks) {
    const temporary_directory directory;
    quarantine subject(directory.path(), watcher_);
    subject.keep(doubtful_request("1"), ample);
    ASSERT_EQ(kept_in(subject).size(), 1U);
    watcher_.failed("full");
    for (int i = 0; i < 2; ++i) // when the second is answered, all of the first is done
        EXPECT_TRUE(subject.list(10, std::nullopt, 20s).has_value());
    EXPECT_EQ(watcher_.failures().size(), 1U);
}

TEST_F(Quarantine, IsNotWaitedForBeyondTheTimeGiven) {
    const temporary_directory directory;
    quarantine subject(directory.path(), watcher_);
    subject.keep(doubtful_request("1"), ample);
    std::promise<void> begun;
    std::promise<void> go_on;
    subject.recheck([&](received_request&) {
        begun.set_value();
        go_on.get_future().wait();
        return hearing::refused;
    });
    begun.get_future().wait();
    EXPECT_FALSE(subject.stop(std::chrono::steady_clock::now() + 10ms));
    go_on.set_value();
    EXPECT_TRUE(subject.stop(std::chrono::steady_clock::now() + 20s));
}

} // namespace
} // namespace outreachd::store
