/// A store with events, and ways to spoil its files.
#pragma once

#include "daemon/store/database.hpp"
#include "daemon/store/wal_frames.hpp"
#include "tests/unit/store/store_under_test.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>

namespace outreachd::store {

/// A store whose files are spoilt while it is at rest.
class DamagedStoreFiles : public testing::Test {
protected:
    /// A store of `count` events, the first half of them done, at rest in its file.
    void fill(int count, std::size_t padding = 600) {
        fill_store(count, padding);
        database(file(), open_mode::write)
            .checkpoint_truncate(); // the stop's may have found a reader in its way
    }

    void fill_store(int count, std::size_t padding) {
        store made(options{.directory = directory_.path()}, observer_);
        for (int i = 0; i < count; ++i)
            append(made, task_body(i) + std::string(padding, ' '));
        const auto events = made.open_reader()->events_after(0, 10'000, 1 << 30).value();
        std::vector<routing> routes;
        for (const stored_event& one : events)
            routes.push_back({one.sequence, {"crm"}, 0, {}});
        route(made, routes);
        for (std::size_t i = 0; i < events.size() / 2; ++i)
            settle(made, {events[i].sequence, "crm", delivery_state::done, 1, wall_now(), {}, {}, {}, {}});
    }

    /// As one that was killed leaves it: what isn't checkpointed stands in the WAL alone.
    void make_killed(int count) {
        const temporary_directory alive;
        recording_observer quiet;
        store running(options{.directory = alive.path()}, quiet);
        for (int i = 0; i < count; ++i)
            append(running, task_body(i) + std::string(1200, ' '));
        const std::string from = alive.path() + "/events-000001.db";
        std::filesystem::copy_file(from, file());
        std::filesystem::copy_file(from + "-wal", file() + "-wal");
    }

    std::string file(int number = 1) const {
        return directory_.path() + "/events-00000" + std::to_string(number) + ".db";
    }

    void overwrite(std::streamoff at, const std::string& bytes) {
        std::fstream stream(file(), std::ios::in | std::ios::out | std::ios::binary);
        stream.seekp(at);
        stream.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    }

    static std::string read_file(const std::string& path) {
        std::ifstream stream(path, std::ios::binary);
        return {std::istreambuf_iterator<char>(stream), {}};
    }

    /// In the body of one event.
    void flip_a_bit() {
        const std::size_t at = read_file(file()).find(R"("id":7,)");
        ASSERT_NE(at, std::string::npos);
        overwrite(static_cast<std::streamoff>(at) + 5, "6");
    }

    void flip_a_bit_of_the_wal() {
        std::fstream wal(file() + "-wal", std::ios::in | std::ios::out | std::ios::binary);
        const auto at = static_cast<std::streamoff>(wal_header_bytes + 20 * frame_bytes + 100);
        wal.seekg(at);
        const int found = wal.get();
        wal.seekp(at);
        wal.put(static_cast<char>(found ^ 1));
    }

    /// The first file has these bytes, and there is no other.
    void start_from(const std::string& bytes) {
        std::filesystem::remove_all(directory_.path());
        std::filesystem::create_directories(directory_.path());
        std::ofstream(file(), std::ios::binary) << bytes;
    }

    static std::set<std::string> ids_in(store& opened) {
        std::set<std::string> ids;
        EXPECT_TRUE(eventually([&] { return opened.open_reader()->events_after(0, 1, 1).has_value(); }));
        const auto found = opened.open_reader()->events_after(0, 10'000, 1 << 30);
        for (const stored_event& one : found.value())
            if (one.subject)
                ids.insert(one.subject->facts.resource_id);
        return ids;
    }

    temporary_directory directory_;
    recording_observer observer_;
};

} // namespace outreachd::store
