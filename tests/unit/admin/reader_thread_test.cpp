/// The thread that reads the store: its bound, and what it does with reads that fail or aren't wanted.
#include "daemon/admin/reader_thread.hpp"
#include "tests/unit/store/store_under_test.hpp"

#include <gtest/gtest.h>

#include <future>
#include <stdexcept>

namespace outreachd::admin {
namespace {

struct reader_bench {
    /// Runs `read` and waits for its answer.
    response answer_of(read_job read) {
        std::promise<response> answered;
        EXPECT_TRUE(subject.submit(std::move(read), wanted,
                                   [&](response made) { answered.set_value(std::move(made)); }));
        return answered.get_future().get();
    }

    store::temporary_directory directory;
    store::recording_observer observer;
    store::store events{{directory.path()}, observer};
    log::logger log{log::level::error, log::format::text};
    std::shared_ptr<int> wanted = std::make_shared<int>(0);
    reader_thread subject{events, log};
};

/// Holds the reader thread until it is let go, as a hung disk would.
struct held_read {
    explicit held_read(reader_bench& bench) {
        EXPECT_TRUE(bench.subject.submit(
            [this](store::reader&) {
                begun.set_value();
                go_on.get_future().wait();
                return text_answer(200, "held");
            },
            bench.wanted, [](response) {}));
        begun.get_future().wait();
    }

    std::promise<void> begun;
    std::promise<void> go_on;
};

TEST(ReaderThread, AnswersFromTheStore) {
    reader_bench bench;
    const response made = bench.answer_of([](store::reader& from) {
        return text_answer(200, std::to_string(from.list({}).value().records.size()));
    });
    EXPECT_EQ(made.body, "0");
}

TEST(ReaderThread, RefusesOneMoreThanMayWait) {
    reader_bench bench;
    held_read held{bench};
    std::promise<void> all_done;
    std::size_t left = reader_thread::waiting_max;
    const auto quick = [](store::reader&) { return text_answer(200, "quick"); };
    const auto count = [&](response) {
        if (--left == 0)
            all_done.set_value();
    };
    for (std::size_t i = 0; i < reader_thread::waiting_max; ++i)
        EXPECT_TRUE(bench.subject.submit(quick, bench.wanted, count)) << i;
    EXPECT_FALSE(bench.subject.submit(quick, bench.wanted, count));
    held.go_on.set_value();
    all_done.get_future().wait();
    EXPECT_EQ(bench.answer_of(quick).body, "quick");
}

TEST(ReaderThread, LeavesOutWhatNobodyWants) {
    reader_bench bench;
    held_read held{bench};
    bool has_run = false;
    auto gone = std::make_shared<int>(0);
    EXPECT_TRUE(bench.subject.submit(
        [&](store::reader&) {
            has_run = true;
            return text_answer(200, "unwanted");
        },
        gone, [](response) {}));
    gone.reset();
    held.go_on.set_value();
    bench.answer_of([](store::reader&) { return text_answer(200, "after"); });
    EXPECT_FALSE(has_run);
}

TEST(ReaderThread, IsNotWaitedForBeyondTheTimeGiven) {
    using namespace std::chrono_literals;
    reader_bench bench;
    held_read held{bench};
    EXPECT_FALSE(bench.subject.stop(std::chrono::steady_clock::now() + 10ms));
    held.go_on.set_value();
    EXPECT_TRUE(bench.subject.stop(std::chrono::steady_clock::now() + 20s));
    EXPECT_FALSE(bench.subject.submit([](store::reader&) { return text_answer(200, "late"); }, bench.wanted,
                                      [](response) {}));
}

TEST(ReaderThread, GoesOnAfterReadThatThrows) {
    reader_bench bench;
    const response failed =
        bench.answer_of([](store::reader&) -> response { throw std::runtime_error("planted failure"); });
    EXPECT_EQ(failed.status, 503U);
    EXPECT_EQ(failed.body.find("planted"), std::string::npos);
    EXPECT_EQ(bench.answer_of([](store::reader&) { return text_answer(200, "after"); }).body, "after");
}

} // namespace
} // namespace outreachd::admin
