/// Brings what an older file holds into the file in use.
#pragma once

#include "daemon/store/database.hpp"
#include "daemon/store/file_set.hpp"
#include "daemon/store/writer.hpp"

#include <functional>

namespace outreachd::store {

/// Carries one file that was set aside, in small pieces between the writer's own commits. Can be
/// stopped at any time, by a crash too: what was carried is known by its id and isn't carried twice.
/// It is over, too, once the store has gone on in yet another file: what was carried into the last one may be
/// lost with it, and has to be carried again. Background thread only.
class carry_over {
public:
    /// From `file` into the store's file in use, `into`. `newer`: the next newer file of those to be carried,
    /// which outlives this one; what stands there, too, has had its further story there. `has_room` says
    /// whether the disk has room for a piece more, and waits a while where it has none.
    carry_over(const file_set& files, std::int64_t file, std::int64_t into, writer& to, observer& watcher,
               const carry_over* newer, std::function<bool()> has_room);

    /// First what isn't finished, so that the dispatcher can go on. False: the file is damaged, and
    /// only `carry_rest` can find everything; or it is over.
    bool carry_unfinished();
    /// Then every other row that can be reached, around damaged pages; the newest file first, since what is
    /// there already stays as it is. False: it is over.
    bool carry_rest();

    /// The place of its newest event, or the last there is where that can't be read; 0: it has none.
    sequence last();

    /// Something couldn't be read until now. It may be the device that fails: `is_readable` tells.
    bool has_failed() const noexcept { return has_failed_; }

    /// What couldn't be read isn't damaged, nor is it the device: no descriptor, no memory, a lock. Another
    /// time.
    bool is_out_of_reach() const noexcept { return is_out_of_reach_; }

    /// Whether every byte of the file can be read; what is lost then is damage.
    bool is_readable() const;
    /// Removes the file, or keeps it under another name where something was lost. False: it is over.
    bool finish();

private:
    static constexpr std::int64_t piece_rows = 64; // what one commit of the writer takes along

    void open();
    void note_failure(const database_error& failure);
    void note_lost(const database_error& failure);
    bool is_over() const;
    /// False: it is over.
    bool write(const std::vector<carried_event>& piece, bool may_wait);
    /// Whether this file, or a newer one, has the event whole.
    bool holds(const event_id& id) const;
    bool has_taken_over_from(std::int64_t file) const;
    /// `is_newest_wanted`: but for events that a newer file has, and carries.
    bool carry(const std::vector<sequence>& sequences, bool is_newest_wanted = false);
    std::optional<carried_event> read(sequence at);
    std::optional<std::vector<carried_delivery>> deliveries_of(sequence at);
    /// A piece of the sequences behind `from` in ascending (or before it in descending) order, up to
    /// `end`; throws where a page is damaged, with what was found until then in `found`.
    void walk(sequence from, sequence end, bool is_ascending, std::vector<sequence>& found);
    bool carry_ascending(sequence& reached, sequence end);
    bool carry_back_to(sequence reached, sequence& beyond);
    bool has_carried_all();
    bool carry_hidden();
    std::uint64_t settle_carried();
    std::optional<sequence> find_readable_behind(sequence damage, sequence end);
    std::uint64_t fact(const char* key);

    const file_set& files_;
    const std::int64_t file_;
    const std::int64_t into_;
    writer& writer_;
    observer& watcher_;
    const carry_over* const newer_; // null: this is the newest
    const std::function<bool()> has_room_;
    std::unique_ptr<database> old_; // empty: it can't be opened, or `has_nothing_`

    /// No row between these, exclusive, could be reached.
    struct gap {
        sequence from;
        sequence end;
    };

    std::vector<gap> gaps_;
    std::vector<sequence> carried_; ///< Some twice, until `settle_carried`.
    std::uint64_t lost_ = 0;        ///< Events, or places where they stood.
    bool has_nothing_ = false;      ///< It was never finished.
    bool was_kept_back_ = false;    ///< By the device, from the beginning.
    bool has_failed_ = false;
    bool is_out_of_reach_ = false;
};

} // namespace outreachd::store
