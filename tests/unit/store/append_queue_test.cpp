/// What waits for the writer is bounded, whatever the events are made of, and a full queue says so at once.
#include "tests/unit/store/store_under_test.hpp"

#include <gtest/gtest.h>

#include <atomic>

namespace outreachd::store {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t mebibyte = 1024 * 1024;

class AppendQueue : public testing::Test {
protected:
    ~AppendQueue() override { let_writer_go(); }

    /// The writer answers on its own thread, and this answer lasts.
    void hold_writer() {
        std::promise<void> is_held;
        append_to(genuine_event(task_body(0)), [this, &is_held](error_code, append_result) {
            is_held.set_value();
            may_go_.get_future().wait();
        });
        is_held.get_future().wait();
        is_holding_ = true;
    }

    void let_writer_go() {
        if (std::exchange(is_holding_, false))
            may_go_.set_value();
    }

    void append_to(verified_event what, append_done done) {
        opened_.append(std::move(what), 24h, std::chrono::steady_clock::now() + 1min, std::move(done));
    }

    temporary_directory directory_;
    recording_observer observer_;
    std::promise<void> may_go_;
    bool is_holding_ = false;
    store opened_{options{.directory = directory_.path()}, observer_};
};

TEST_F(AppendQueue, IsBoundedByBodiesAndHeaders) {
    std::atomic<int> stored = 0;
    std::atomic<int> refused = 0;
    hold_writer();
    for (int i = 1; i <= 260; ++i)
        append_to(genuine_event(task_body(i), {}, {{"Outreach-Org-Id", std::string(mebibyte, 'o')}}),
                  [&](error_code ec, append_result) { ++(ec ? refused : stored); });
    EXPECT_EQ(refused, 5) << "a header of 1 MiB, its name and a body: 256 MiB hold 255 of those";
    EXPECT_EQ(stored, 0);
    let_writer_go();
    EXPECT_TRUE(eventually([&] { return stored == 255; }));
}

/// `limits.body` may be more than what may wait.
TEST_F(AppendQueue, TakesALargerOneThanItHoldsWhereNothingWaits) {
    const std::string body = task_body(1) + std::string(257 * mebibyte, ' ');
    EXPECT_FALSE(append(opened_, body).ec);
    hold_writer();
    append_to(genuine_event(task_body(2)), [](error_code, append_result) {});
    error_code behind_another;
    append_to(genuine_event(body), [&](error_code ec, append_result) { behind_another = ec; });
    EXPECT_EQ(behind_another, errc::store_unavailable);
}

} // namespace
} // namespace outreachd::store
