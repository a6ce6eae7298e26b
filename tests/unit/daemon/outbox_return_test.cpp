/// Events that waited for a broker go to handlers of this host: a real store, a real thread.
#include "daemon/outbox_return.hpp"
#include "tests/unit/log/captured_stderr.hpp"
#include "tests/unit/store/mended_store.hpp"

#include <algorithm>
#include <atomic>
#include <new>
#include <string>

namespace outreachd {
namespace {

using store::outbox_name;

class OutboxReturn : public store::Mending {
protected:
    void receive(int events) {
        opened_->route_at_append(
            [](const store::stored_event& fresh) { return std::optional{route_to_outbox(fresh)}; });
        for (int id = 0; id < events; ++id)
            ASSERT_FALSE(append(*opened_, store::task_body(id)).ec);
        ASSERT_EQ(unfinished(outbox_name).size(), static_cast<std::size_t>(events));
    }

    /// What is logged until the outbox is empty, and `subject` is destroyed.
    std::string logged_by_return(const store::routing_of& route) {
        log::captured_stderr captured;
        {
            log::logger log{log::level::info, log::format::text};
            outbox_return subject(*opened_, route, log);
            subject.start();
            EXPECT_TRUE(store::eventually([&] { return unfinished(outbox_name).empty(); }));
            EXPECT_TRUE(subject.stop());
        }
        return captured.read_all();
    }

    static store::routing to_crm(const store::stored_event& stored) {
        return {stored.sequence, {"crm"}, key_of(stored.sequence), {}};
    }
};

std::ptrdiff_t lines_with(const std::string& all, const std::string& text) {
    std::ptrdiff_t found = 0;
    for (std::size_t at = all.find(text); at != std::string::npos; at = all.find(text, at + 1))
        ++found;
    return found;
}

TEST_F(OutboxReturn, EachEventGoesToTheHandlersOnceInOrder) {
    open();
    receive(600); // three pieces
    std::vector<store::sequence> routed;
    logged_by_return([&](const store::stored_event& stored) {
        routed.push_back(stored.sequence);
        return to_crm(stored);
    });
    EXPECT_EQ(routed.size(), 600U);
    EXPECT_TRUE(std::is_sorted(routed.begin(), routed.end()));
    const auto waiting = unfinished("crm");
    ASSERT_EQ(waiting.size(), 600U);
    for (std::size_t i = 0; i < waiting.size(); ++i)
        ASSERT_EQ(waiting[i].sequence, routed[i]);
    expect_no_differences_over_a_restart();
}

TEST_F(OutboxReturn, WhatCannotBeDecidedNowIsTriedAgainAndToldOnce) {
    open();
    receive(300);
    int calls = 0;
    const std::string all = logged_by_return([&](const store::stored_event& stored) {
        if (++calls == 3 || calls == 8 || calls == 290) // the last one with a piece behind it
            throw std::bad_alloc();
        return to_crm(stored);
    });
    EXPECT_EQ(unfinished("crm").size(), 300U);
    EXPECT_EQ(lines_with(all, "can't be handed to this host's handlers now; trying again"), 1) << all;
    EXPECT_NE(all.find("cause=std::bad_alloc"), std::string::npos) << all;
    EXPECT_NE(all.find("events=300"), std::string::npos) << all;
    expect_no_differences_over_a_restart();
}

TEST_F(OutboxReturn, AStopEndsWhatIsTriedAgainForEver) {
    open();
    receive(1);
    log::captured_stderr captured;
    log::logger log{log::level::info, log::format::text};
    std::atomic<int> calls = 0;
    outbox_return subject(
        *opened_,
        [&](const store::stored_event&) -> store::routing {
            ++calls;
            throw std::bad_alloc();
        },
        log);
    subject.start();
    EXPECT_TRUE(store::eventually([&] { return calls >= 2; }));
    EXPECT_TRUE(subject.stop());
    EXPECT_EQ(unfinished(outbox_name).size(), 1U) << "it is handed over at the next start";
}

} // namespace
} // namespace outreachd
