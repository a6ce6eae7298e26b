/// Knows whether an event was received before, at a cost that doesn't grow with the store.
///
/// A plain index would dirty one random page for each event, more and more of them as it grows. So
/// fingerprints are first kept in memory, where a restart rebuilds them from the newest events, and
/// are then written in sorted runs, one behind the other, a few rows with each commit. A filter for
/// each group of runs says "surely not" nearly always; only its "maybe" reads the runs. The filter that
/// grows is in memory, those that don't any more are in files of which the page cache holds what is asked.
#pragma once

#include "daemon/store/database.hpp"
#include "daemon/store/fingerprint_filter.hpp"
#include "daemon/store/records.hpp"

#include <cstring>
#include <mutex>
#include <unordered_map>
#include <utility>

namespace outreachd::store {

/// The same body bytes at the same endpoint.
fingerprint fingerprint_of_body(const event& what);
/// The same `Outreach-Webhook-Event-Id`, event name and resource; nothing where the event has no such id.
std::optional<fingerprint> fingerprint_of_event_id(const event& what);

/// Belongs to the writer thread; `load_filters` alone is for the background thread.
class repeat_index {
public:
    /// So many fingerprints share a filter: 2 MiB.
    static constexpr std::size_t usual_group_size = 1'048'576;

    /// Reads the list of runs and the fingerprints of the events that no run holds yet. Filters come into the
    /// directory of the database.
    explicit repeat_index(database& writer, std::size_t group_size = usual_group_size);

    /// The newest event with this fingerprint.
    std::optional<sequence> find(const fingerprint& what);

    /// Inside a transaction: counts once `committed`, never where it is `rolled_back`.
    void add(const fingerprint& what, sequence at);
    /// Inside a transaction: writes a few rows of what is to be sealed, and removes a few of the
    /// runs that hold nothing newer than `oldest_needed`.
    void maintain(sequence oldest_needed);
    /// Inside a transaction, before anything is added: writes all that is in memory.
    void seal_everything();
    // Where there is no memory for these the process ends: what is committed can't be taken back, and a
    // fingerprint that stayed would make its event a repeat of nothing. The next start reads the file.
    void committed() noexcept;
    void rolled_back() noexcept;
    /// There is work that `maintain` would do.
    bool has_work() const noexcept;

    /// A fresh file's index knows what the older one's had in memory, before any of it is carried over.
    void inherit(const repeat_index& older);

    /// Builds the filters of runs from before the start, by a reader's connection, in pieces. One that
    /// failed may be called again and goes on. Background thread; `is_stopping` is asked between the pieces.
    void load_filters(database& from, const std::function<bool()>& is_stopping);

private:
    struct hash {
        std::size_t operator()(const fingerprint& what) const noexcept {
            std::size_t value = 0;
            std::memcpy(&value, what.data(), sizeof value);
            return value;
        }
    };

    struct run {
        std::int64_t number = 0;
        sequence newest = 0; ///< Or when it was sealed, where that place lies ahead.
        std::size_t size = 0;
    };

    /// Runs that share a filter. Without one it may hold anything.
    struct group {
        std::vector<run> runs;
        std::size_t size = 0;
        std::shared_ptr<const fingerprint_filter> loaded;
        std::unique_ptr<fingerprint_filter> growing; ///< Of one made since the start; the last one's grows.
    };

    using recent_map = std::unordered_map<fingerprint, sequence, hash>;

    std::optional<sequence> find_in(const group& where, const fingerprint& what);
    void seal(std::size_t rows_max);
    void expire(sequence oldest_needed, std::int64_t rows_max);
    void freeze();
    sequence newest_frozen() const noexcept;
    void begin_group();

    database& database_;
    const std::size_t group_size_;
    const std::string directory_;
    std::unique_ptr<statement> find_;
    std::unique_ptr<statement> insert_;

    recent_map recent_; // in no run
    std::vector<std::pair<fingerprint, std::optional<sequence>>>
        staged_;                                           // by this transaction, with what was there before
    std::vector<std::pair<fingerprint, sequence>> frozen_; // sorted, being written as run `next_run_`
    std::size_t sealed_ = 0;                               // of `frozen_`, committed
    std::size_t sealing_ = 0;                              // of `frozen_`, in this transaction too
    std::int64_t next_run_ = 1;
    std::optional<std::int64_t> expired_run_; // removed whole in this transaction
    std::vector<group> groups_;
    std::vector<std::vector<run>>
        initial_groups_; // as the constructor found them; then the background thread's

    std::mutex adopted_mutex_;
    std::vector<std::pair<std::int64_t, std::shared_ptr<const fingerprint_filter>>>
        adopted_; // by the group's last run
    bool has_unloaded_ = false;
};

} // namespace outreachd::store
