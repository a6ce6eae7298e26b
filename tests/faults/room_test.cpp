/// A disk on which there is no room for what an older file holds: nothing of it is lost, nothing stands still
/// for it but that file, and it is told. Stores on small disks of their own.
#include "daemon/store/wal_mending.hpp"
#include "tests/faults/fault_injection.hpp"
#include "tests/unit/store/damaged_store.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <optional>

namespace outreachd::store {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t mebibyte = 1024 * 1024;
constexpr auto for_ever = std::chrono::hours{24 * 365};

class NoRoom : public DamagedStoreFiles {
protected:
    void on_disk(const char* size) { disk_.emplace(directory_.path(), size); }

    /// A start that died in the midst of its fresh file: the store goes on in yet another.
    void leave_an_unfinished_file(int number) { std::ofstream(file(number), std::ios::binary); }

    void open(const retention& kept = {}) {
        opened_.reset();
        opened_.emplace(options{directory_.path(), 0ms, kept}, observer_);
    }

    void finish(sequence at) {
        settle(*opened_, {at, "crm", delivery_state::done, 1, wall_now(), {}, {}, {}, {}});
    }

    std::optional<tests::small_disk> disk_;
    std::optional<store> opened_;
};

TEST_F(NoRoom, AWalStaysAsItIsUntilItCanBeMended) {
    constexpr int count = 60;
    on_disk("200m");
    make_killed(count);
    flip_a_bit_of_the_wal();
    const std::string found = read_file(file() + "-wal");
    ASSERT_GT(found.size(), mebibyte);
    disk_->fill(found.size() - 1);

    open();
    EXPECT_TRUE(observer_.has("set_aside"));
    EXPECT_TRUE(eventually([&] { return observer_.has("read_failed can't write"); }))
        << "it is tried, and told";
    EXPECT_TRUE(read_file(file() + "-wal") == found);
    EXPECT_FALSE(std::filesystem::exists(file() + damaged_wal_suffix));
    EXPECT_FALSE(std::filesystem::exists(file() + new_wal_suffix)) << "it would take the room there is";
    EXPECT_FALSE(append(*opened_, task_body(1000)).ec);
    EXPECT_TRUE(eventually([&] { return opened_->room_wanted() == found.size(); }));
    EXPECT_TRUE(opened_->is_carrying_over()) << "nothing is delivered before what came earlier is known";

    disk_->empty();
    EXPECT_TRUE(eventually([&] { return observer_.has("carried_over"); }));
    EXPECT_GE(ids_in(*opened_).size(), count + 1 - 3U) << "but for the damaged page";
    EXPECT_EQ(opened_->accounts().unaccounted(),
              count + 1 - static_cast<std::int64_t>(ids_in(*opened_).size()));
    EXPECT_TRUE(std::filesystem::exists(file() + ".damaged" + damaged_wal_suffix));
}

/// History can wait for days, and what comes meanwhile has to leave.
TEST_F(NoRoom, HistoryWaitsAndWhatCameLaterLeavesAllTheSame) {
    on_disk("100m");
    fill(20, mebibyte); // half of them done
    leave_an_unfinished_file(2);
    disk_->fill(24 * mebibyte); // enough, twice over, for what isn't finished, and no more

    open({1ms, for_ever, for_ever, 1ULL << 40});
    EXPECT_TRUE(eventually([&] { return observer_.has("waits_for_room"); }));
    EXPECT_GE(opened_->room_wanted().value_or(0), 20 * mebibyte);
    EXPECT_TRUE(eventually([&] { return !opened_->is_carrying_over(); })) << "deliveries go on";
    EXPECT_EQ(opened_->accounts().received, 10U) << "what wasn't finished is here";

    for (int i = 0; i < 5; ++i)
        append(*opened_, task_body(100 + i));
    const auto events = opened_->open_reader()->events_after(0, 100, 1 << 30).value();
    ASSERT_EQ(events.size(), 15U);
    for (const stored_event& one : events)
        if (one.sequence > opened_->routed_up_to())
            route(*opened_, {{one.sequence, {"crm"}, 0, {}}});
    for (const stored_event& one : events)
        finish(one.sequence);
    EXPECT_TRUE(eventually([&] { return opened_->accounts().expired == 5; }));
    EXPECT_EQ(opened_->accounts().done, 10U)
        << "the older file has these unfinished: they must not come back";

    disk_->empty();
    EXPECT_TRUE(eventually([&] { return observer_.has("carried_over 20 lost 0"); }));
    EXPECT_FALSE(std::filesystem::exists(file(1)));
    EXPECT_EQ(opened_->room_wanted(), std::nullopt);
    EXPECT_TRUE(eventually([&] { return opened_->accounts().expired == 25; }));
    EXPECT_EQ(opened_->accounts().pending, 0U);
    EXPECT_EQ(opened_->accounts().unaccounted(), 0);
}

/// Of a file that is damaged everything is wanted at once; but an ack is worth more.
TEST_F(NoRoom, WhatIsCarriedOutOfADamagedFileLeavesRoomForAcks) {
    constexpr int count = 40;
    on_disk("400m");
    fill(count, mebibyte);
    std::streamoff page = 0;
    {
        database look(file(), open_mode::read);
        page = look.read_number("SELECT rootpage FROM sqlite_schema WHERE name='deliveries'");
    }
    overwrite((page - 1) * std::streamoff{4096}, std::string(4096, '\xFF'));
    disk_->fill(40 * mebibyte); // of which a sixteenth of the disk is kept

    open();
    EXPECT_TRUE(eventually([&] { return observer_.has("waits_for_room"); }));
    EXPECT_EQ(opened_->room_wanted(), 25 * mebibyte);
    for (int i = 0; i < 100; ++i)
        EXPECT_FALSE(append(*opened_, task_body(1000 + i)).ec);
    EXPECT_GE(std::filesystem::space(directory_.path()).available, 4 * mebibyte);

    disk_->empty();
    EXPECT_TRUE(eventually([&] { return observer_.has("carried_over"); }));
    EXPECT_EQ(ids_in(*opened_).size(), count + 100U);
    EXPECT_EQ(opened_->accounts().unaccounted(), 0);
    EXPECT_EQ(opened_->room_wanted(), std::nullopt);
}

} // namespace
} // namespace outreachd::store
