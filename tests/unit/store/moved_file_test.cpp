/// Files that somebody moves or removes under a running store, and what a watchdog hears of it.
#include "tests/unit/store/mended_store.hpp"

#include <chrono>
#include <filesystem>
#include <future>
#include <string>

namespace outreachd::store {
namespace {

using namespace std::chrono_literals;

class MovedFile : public Mending {
protected:
    void SetUp() override {
        open();
        ASSERT_FALSE(append(*opened_, task_body(1)).ec);
    }

    std::future<error_code> append_until(std::chrono::milliseconds patience) {
        const auto answer = std::make_shared<std::promise<error_code>>();
        opened_->append(genuine_event(task_body(2)), std::chrono::hours{24},
                        std::chrono::steady_clock::now() + patience,
                        [answer](error_code ec, const append_result&) { answer->set_value(ec); });
        return answer->get_future();
    }

    /// What nothing can be compared with.
    void leave() {
        EXPECT_TRUE(opened_->stop(100ms)) << "it fails, and doesn't hang";
        opened_.reset();
    }

    void expect_told_of(const std::string& path) {
        EXPECT_TRUE(eventually([&] {
            return observer_.has("write_failed " + path + " was moved or removed while it is in use");
        }));
    }
};

TEST_F(MovedFile, NothingIsAnsweredUntilItIsBack) {
    std::filesystem::rename(file(), file() + ".away");
    auto answer = append_until(20s);
    expect_told_of(file());
    EXPECT_EQ(answer.wait_for(0s), std::future_status::timeout);
    std::filesystem::rename(file() + ".away", file());
    EXPECT_FALSE(answer.get());
    EXPECT_TRUE(eventually([&] { return opened_->accounts().received == 2; })) << "counted behind the answer";
    expect_no_differences_over_a_restart();
    EXPECT_EQ(opened_->accounts().received, 2U);
}

/// Which a watchdog must know: what only fails needs no new start.
TEST_F(MovedFile, WhatFailsDoesNotHang) {
    std::filesystem::rename(file(), file() + ".away");
    auto answer = append_until(20s);
    EXPECT_TRUE(eventually([&] { return opened_->stalled_for() > 2s; }));
    EXPECT_FALSE(opened_->hangs_for());
    std::filesystem::rename(file() + ".away", file());
    EXPECT_FALSE(answer.get());
    EXPECT_TRUE(eventually([&] { return opened_->accounts().received == 2; }));
    EXPECT_FALSE(opened_->stalled_for());
}

TEST_F(MovedFile, WhatHangsIsTold) {
    add(3, {"crm"}); // behind which all is routed
    std::promise<void> release;
    opened_->route_at_append([held = release.get_future().share()](const stored_event&) {
        held.wait(); // in the disk's place
        return std::optional<routing>{};
    });
    auto answer = std::async(std::launch::async, [&] { return append(*opened_, task_body(2)); });
    EXPECT_TRUE(eventually([&] { return opened_->hangs_for() && opened_->stalled_for(); }));
    release.set_value();
    EXPECT_FALSE(answer.get().ec);
    EXPECT_TRUE(eventually([&] { return !opened_->hangs_for(); }));
}

TEST_F(MovedFile, AnotherFileInItsPlaceIsNotTakenForIt) {
    std::filesystem::copy_file(file(), file() + ".copy");
    std::filesystem::rename(file() + ".copy", file());
    EXPECT_TRUE(append_until(300ms).get());
    expect_told_of(file());
    leave();
}

TEST_F(MovedFile, NothingIsAnsweredWithoutItsWal) {
    std::filesystem::remove(file() + "-wal");
    EXPECT_TRUE(append_until(300ms).get());
    expect_told_of(file() + "-wal");
    leave();
}

TEST_F(MovedFile, NothingIsAnsweredWithoutTheDirectory) {
    std::filesystem::remove_all(directory_.path());
    EXPECT_TRUE(append_until(300ms).get());
    expect_told_of(file());
    leave();
}

} // namespace
} // namespace outreachd::store
