#include "daemon/store/database.hpp"
#include "daemon/store/schema.hpp"
#include "tests/unit/store/damaged_store.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <thread>

namespace outreachd::store {
namespace {

class DamagedStore : public DamagedStoreFiles {};

TEST_F(DamagedStore, StartsWithABrokenHeaderAndGoesOnInAFreshFile) {
    fill(10);
    overwrite(0, std::string(200, '\xA5'));
    store opened(options{.directory = directory_.path()}, observer_);
    EXPECT_TRUE(observer_.has("set_aside"));
    EXPECT_FALSE(append(opened, task_body(99)).ec);
    EXPECT_TRUE(eventually([&] { return observer_.has("carried_over 10 lost 0"); }));
    EXPECT_FALSE(std::filesystem::exists(file(1))) << "all of it is in the new one";
}

/// Each table's first page: its loss must not hide the events.
TEST_F(DamagedStore, KeepsTheEventsWhateverOtherTableIsBroken) {
    for (const std::string table : {"repeats", "runs", "attempts", "handlers", "facts", "deliveries"}) {
        std::filesystem::remove_all(directory_.path());
        fill(50);
        std::streamoff page = 0;
        {
            database look(file(), open_mode::read);
            page =
                look.read_number(("SELECT rootpage FROM sqlite_schema WHERE name='" + table + "'").c_str());
        }
        overwrite((page - 1) * std::streamoff{page_bytes}, std::string(page_bytes, '\xFF'));
        store opened(options{.directory = directory_.path()}, observer_);
        EXPECT_TRUE(eventually([&] { return ids_in(opened).size() == 50; })) << table;
        EXPECT_FALSE(append(opened, task_body(1000)).ec) << table;
    }
}

TEST_F(DamagedStore, SalvagesAllRowsOutsideABrokenPage) {
    constexpr int count = 400;
    fill(count);
    const auto pages = static_cast<std::streamoff>(std::filesystem::file_size(file()) / page_bytes);
    overwrite(pages / 2 * std::streamoff{page_bytes}, std::string(page_bytes, '\0'));
    store opened(options{.directory = directory_.path()}, observer_);
    // The background check finds the page, or the page is of no table that matters.
    EXPECT_TRUE(eventually([&] {
        return observer_.has("carried_over") || observer_.has("damaged") || ids_in(opened).size() == count;
    }));
    EXPECT_GE(ids_in(opened).size(), static_cast<std::size_t>(count - 8)) << "a page holds some five events";
    EXPECT_FALSE(append(opened, task_body(9999)).ec);
}

/// Whatever page it is: what is lost is counted, to the event.
TEST_F(DamagedStore, CountsWhatItLosesWithAPage) {
    constexpr int count = 60;
    fill(count);
    const std::string whole = read_file(file());
    for (std::size_t page = 2; page * page_bytes < whole.size(); page += 3) {
        SCOPED_TRACE("page " + std::to_string(page + 1));
        std::string damaged = whole;
        damaged.replace(page * page_bytes, page_bytes, std::string(page_bytes, '\0'));
        observer_.forget();
        start_from(damaged);
        store opened(options{.directory = directory_.path()}, observer_);
        EXPECT_TRUE(eventually([&] {
            const auto found = opened.open_reader()->events_after(0, 10'000, 1 << 30);
            return found &&
                   found->size() + static_cast<std::size_t>(opened.accounts().unaccounted()) == count;
        }));
    }
}

/// One page of these leads to hundreds of whole ones.
TEST_F(DamagedStore, SalvagesWhatLiesBehindABrokenInteriorPage) {
    constexpr int count = 600;
    fill(count, 3000); // each on a page of its own
    const std::string whole = read_file(file());
    std::size_t interior_pages = 0;
    for (std::size_t page = 2; page * page_bytes < whole.size(); ++page) {
        if (whole[page * page_bytes] != 5 || whole[page * page_bytes + 1] != 0) // interior pages of tables
            continue;
        SCOPED_TRACE("page " + std::to_string(page + 1));
        std::string damaged = whole;
        damaged.replace(page * page_bytes, page_bytes, std::string(page_bytes, '\xFF'));
        observer_.forget();
        start_from(damaged);
        store opened(options{.directory = directory_.path()}, observer_);
        EXPECT_TRUE(eventually([&] {
            const auto found = opened.open_reader()->events_after(0, 10'000, 1 << 30);
            return found && found->size() == count;
        }));
        interior_pages += observer_.has("set_aside") ? 1U : 0U; // else the page is free
        EXPECT_EQ(opened.accounts().done, std::uint64_t{count} / 2) << "what was done stays done";
        EXPECT_EQ(opened.accounts().unaccounted(), 0);
    }
    EXPECT_GE(interior_pages, 2U);
}

TEST_F(DamagedStore, NoticesOneFlippedBitInABody) {
    fill(20);
    flip_a_bit();
    store opened(options{.directory = directory_.path()}, observer_);
    const auto events = opened.open_reader()->events_after(0, 100, 1 << 30).value();
    ASSERT_EQ(events.size(), 20U);
    EXPECT_EQ(
        std::count_if(events.begin(), events.end(), [](const stored_event& one) { return !one.subject; }), 1);
    EXPECT_GE(opened.damaged_rows(), 1U);
}

TEST_F(DamagedStore, NoticesAFlippedBitThoughNobodyReadsTheRow) {
    fill(20);
    flip_a_bit();
    const store opened(options{.directory = directory_.path()}, observer_);
    EXPECT_TRUE(eventually([&] { return observer_.has("damaged"); }));
    EXPECT_EQ(opened.damaged_rows(), 1U);
}

TEST_F(DamagedStore, CarriesEverythingOverFromAnOlderFile) {
    fill(300);
    // As after a crash at the moment a fresh file was begun.
    std::ofstream(file(2), std::ios::binary).put('x');
    store opened(options{.directory = directory_.path()}, observer_);
    EXPECT_TRUE(eventually([&] { return !std::filesystem::exists(file(1)); }));
    EXPECT_TRUE(eventually([&] { return ids_in(opened).size() == 300; }));
    EXPECT_EQ(opened.open_reader()->unfinished("crm", 0, 1000).value().size(), 150U);
    const ledger accounts = opened.accounts();
    EXPECT_EQ(accounts.received, 300U);
    EXPECT_EQ(accounts.done, 150U);
    EXPECT_EQ(accounts.pending, 150U);
    EXPECT_EQ(accounts.unaccounted(), 0);
    EXPECT_TRUE(append(opened, task_body(3) + std::string(600, ' ')).result.is_repeat) << "carried, too";
}

/// Whoever looks at it with another program may hold it for a while: that is no damage.
TEST_F(DamagedStore, WaitsForAnOlderFileThatCannotBeOpenedNow) {
    fill(20);
    auto holder = std::make_unique<database>(file(), open_mode::write);
    holder->execute("PRAGMA locking_mode=EXCLUSIVE; BEGIN EXCLUSIVE");
    std::ofstream(file(2), std::ios::binary).put('x');
    store opened(options{.directory = directory_.path()}, observer_);
    std::this_thread::sleep_for(std::chrono::seconds{5}); // it asks for 2 s before it says so
    EXPECT_FALSE(observer_.has("carried_over"));
    EXPECT_TRUE(opened.is_carrying_over());
    EXPECT_TRUE(std::filesystem::exists(file(1)));
    holder.reset();
    EXPECT_TRUE(eventually([&] { return observer_.has("carried_over 20 lost 0"); }));
    EXPECT_FALSE(opened.is_carrying_over());
    EXPECT_EQ(opened.accounts().received, 20U);
}

TEST_F(DamagedStore, AReadBeforeAllIsCarriedOverIsNoFailure) {
    fill(300);
    std::ofstream(file(2), std::ios::binary).put('x');
    store opened(options{.directory = directory_.path()}, observer_);
    const auto reader = opened.open_reader();
    for (auto found = reader->routed_up_to(); !found; found = reader->routed_up_to())
        ASSERT_EQ(found.error(), errc::being_carried_over);
    EXPECT_FALSE(observer_.has("read_failed"));
}

/// Pending in the first file, done in the second, while both wait to be carried into a third.
TEST_F(DamagedStore, CarriesAnEventAsItsNewestFileHasIt) {
    fill(20); // half of them done
    std::filesystem::copy_file(file(1), file(2));
    {
        database second(file(2), open_mode::write);
        second.execute(
            "UPDATE deliveries SET state=2, attempts=1, finished_at=1 WHERE state=0;"
            "UPDATE facts SET value=20 WHERE key='done'; UPDATE facts SET value=0 WHERE key='pending'");
        second.checkpoint_truncate();
    }
    std::ofstream(file(3), std::ios::binary).put('x');
    store opened(options{.directory = directory_.path()}, observer_);
    EXPECT_TRUE(
        eventually([&] { return !std::filesystem::exists(file(1)) && !std::filesystem::exists(file(2)); }));
    const ledger accounts = opened.accounts();
    EXPECT_EQ(accounts.received, 20U);
    EXPECT_EQ(accounts.done, 20U) << "what was done stays done";
    EXPECT_EQ(accounts.pending, 0U);
    EXPECT_TRUE(opened.open_reader()->unfinished("crm", 0, 1000).value().empty());
}

/// A connection that has it open must get an error at worst, and not die of a page that is no more.
TEST_F(DamagedStore, ReadsOfAFileThatIsRemovedDoNoHarm) {
    fill(20);
    database idle(file(), open_mode::read);
    EXPECT_EQ(idle.read_number("SELECT count(*) FROM events"), 20);
    std::ofstream(file(2), std::ios::binary).put('x');
    store opened(options{.directory = directory_.path()}, observer_);
    EXPECT_TRUE(eventually([&] { return !std::filesystem::exists(file(1)); }));
    try {
        idle.read_number("SELECT count(*) FROM events");
    } catch (const database_error& failure) {
        EXPECT_TRUE(failure.is_damage() || failure.is_failed_read()) << failure.what();
    }
}

TEST_F(DamagedStore, KeepsItsFilesToItself) {
    fill(1);
    EXPECT_EQ(std::filesystem::status(file()).permissions() & std::filesystem::perms::mask,
              std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

TEST_F(DamagedStore, LeavesANewerSchemaAlone) {
    fill(1);
    {
        database edit(file(), open_mode::write);
        edit.execute("PRAGMA user_version=999; UPDATE facts SET value=999 WHERE key='schema_version'");
        edit.checkpoint_truncate();
    }
    const auto size = std::filesystem::file_size(file());
    EXPECT_THROW(store(options{.directory = directory_.path()}, observer_), std::runtime_error);
    EXPECT_EQ(std::filesystem::file_size(file()), size);
    EXPECT_FALSE(std::filesystem::exists(file(2)));
}

} // namespace
} // namespace outreachd::store
