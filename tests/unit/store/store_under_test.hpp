/// A real store in a directory of its own, and what tests do with it.
#pragma once

#include "daemon/signature/verifier.hpp"
#include "daemon/store/quarantine.hpp"
#include "daemon/store/store.hpp"

#include <filesystem>
#include <future>
#include <mutex>
#include <string>
#include <vector>

namespace outreachd::store {

/// A directory that is gone with its owner.
class temporary_directory {
public:
    temporary_directory();
    ~temporary_directory();
    temporary_directory(const temporary_directory&) = delete;
    temporary_directory& operator=(const temporary_directory&) = delete;

    std::string path() const { return path_.string(); }

private:
    std::filesystem::path path_;
};

/// Remembers what the store told.
class recording_observer : public observer {
public:
    void write_failed(std::string_view cause) override { add("write_failed " + std::string(cause)); }

    void read_failed(std::string_view cause) override { add("read_failed " + std::string(cause)); }

    void written(std::chrono::milliseconds) override {}

    void set_aside(std::string_view file, std::string_view fresh, std::string_view) override {
        add("set_aside " + std::string(file) + " " + std::string(fresh));
    }

    void carried_over(std::string_view, std::uint64_t events, std::uint64_t lost) override {
        add("carried_over " + std::to_string(events) + " lost " + std::to_string(lost));
    }

    void waits_for_room(std::string_view, std::uint64_t) override { add("waits_for_room"); }

    void damaged(sequence, std::string_view) override { add("damaged"); }

    void clock_jumped(std::chrono::seconds) override { add("clock_jumped"); }

    std::vector<std::string> lines() const;
    bool has(std::string_view beginning) const;

    void forget();

private:
    void add(std::string line);
    mutable std::mutex mutex_;
    std::vector<std::string> lines_;
};

/// Remembers what the quarantine told.
class recording_quarantine_observer : public quarantine_observer {
public:
    void failed(std::string_view cause) override;
    void worked() override;

    /// Since it last worked. Any thread.
    std::vector<std::string> failures() const;

private:
    mutable std::mutex mutex_;
    std::vector<std::string> failures_;
};

struct appended_event {
    error_code ec;
    append_result result;
};

/// A genuine event with this body, at `/hook`.
verified_event genuine_event(std::string body, std::string outreach_event_id = {},
                             std::vector<header> headers = {{"Outreach-Org-Id", "0f0e"}},
                             wall_time received_at = wall_now());
std::string task_body(int id);

/// Appends and waits for the answer.
appended_event append(store& to, std::string body, std::string outreach_event_id = {},
                      std::chrono::milliseconds window = std::chrono::hours{24});
void route(store& to, std::vector<routing> routes);
void settle(store& to, settlement what);
void note_published(store& to, std::vector<event_id> ids);
/// What operators ask for; gives back how many deliveries were changed.
std::uint64_t replay(store& to, std::vector<routing> routes);
std::uint64_t revive(store& to, std::vector<event_id> dead, bool is_from_start = false);
std::uint64_t discard(store& to, std::vector<event_id> dead);
std::uint64_t discard_waiting(store& to, const std::string& handler, std::size_t limit);
/// Waits up to 20 s for `is_true`.
bool eventually(const std::function<bool()>& is_true);

/// Where the counts differ from the rows of the file: ledger, depths, and the index of dead deliveries.
/// Empty: nowhere. Of a store that nothing is written to meanwhile.
std::string differences(store& of);

} // namespace outreachd::store
