/// How a carry-over finds the events of its file, around what is damaged.
#include "daemon/store/carry_over.hpp"
#include "daemon/store/leaf_scan.hpp"

#include <algorithm>

namespace outreachd::store {

/// Carries everything behind `reached`. False: a damaged page behind `reached`, or stopping.
bool carry_over::carry_ascending(sequence& reached, sequence end) {
    for (;;) {
        std::vector<sequence> found;
        bool is_damaged = false;
        try {
            walk(reached, end, true, found);
        } catch (const database_error& failure) {
            note_lost(failure);
            is_damaged = true;
        }
        if (!carry(found))
            return false;
        if (!found.empty())
            reached = found.back();
        if (is_damaged)
            return false;
        if (found.empty())
            return true;
    }
}

/// Back from beyond a damage to its other side, which `beyond` becomes.
bool carry_over::carry_back_to(sequence reached, sequence& beyond) {
    for (sequence& upper = ++beyond;;) {
        std::vector<sequence> found;
        bool is_end = false;
        try {
            walk(upper, reached, false, found);
            is_end = found.empty();
        } catch (const database_error&) {
            is_end = true;
        }
        if (!carry(found))
            return false;
        if (!found.empty())
            upper = found.back();
        if (is_end)
            return true;
    }
}

/// Gallops: the first row at or behind `damage` + 1, 2, 4, … microseconds that can be reached.
std::optional<sequence> carry_over::find_readable_behind(sequence damage, sequence end) {
    statement next(*old_, "SELECT sequence FROM events WHERE sequence>=? ORDER BY sequence LIMIT 1");
    for (int doubled = 0; doubled < 60 && !is_over(); ++doubled) {
        const sequence step = sequence{1} << doubled;
        if (step >= end - damage)
            break;
        try {
            if (!next.bind(damage + step).step())
                return std::nullopt;
            const sequence found = next.number(0);
            next.reset();
            return found;
        } catch (const database_error&) { // still in it
        }
    }
    return std::nullopt;
}

/// As far as the file's own counts tell; true where they can't be read.
bool carry_over::has_carried_all() {
    try {
        return settle_carried() + fact("expired") >= fact("received");
    } catch (const database_error& failure) {
        note_failure(failure);
        return true;
    }
}

std::uint64_t carry_over::settle_carried() {
    std::sort(carried_.begin(), carried_.end());
    carried_.erase(std::unique(carried_.begin(), carried_.end()), carried_.end());
    return carried_.size();
}

/// What lies in the gaps: behind an interior page, one damaged page hides hundreds of whole ones.
bool carry_over::carry_hidden() {
    leaf_scan leaves(files_.path_of(file_));
    sequence routed_up_to = 0;
    try {
        routed_up_to = static_cast<sequence>(fact("routed_up_to"));
    } catch (const database_error& failure) {
        note_failure(failure);
    }
    const std::size_t reached = settle_carried(); // sorted; what is found comes behind
    const auto is_hidden = [this, reached](sequence at) {
        const auto end = carried_.begin() + static_cast<std::ptrdiff_t>(reached);
        return std::any_of(gaps_.begin(), gaps_.end(),
                           [at](const gap& one) { return one.from < at && at < one.end; }) &&
               !std::binary_search(carried_.begin(), end, at);
    };
    for (std::uint32_t page = 1; page <= leaves.pages(); ++page) {
        std::vector<carried_event> piece;
        for (stored_event& row : leaves.events_of(page, is_hidden)) {
            const sequence at = row.sequence;
            auto became = deliveries_of(at);
            // A free page: the event has left the store, and its deliveries with it.
            if (became && became->empty() && at <= routed_up_to)
                continue;
            carried_.push_back(at);
            carried_event one{std::move(row), {}};
            if (became)
                one.deliveries = std::move(*became);
            piece.push_back(std::move(one));
        }
        if (!write(piece, true))
            return false;
    }
    return true;
}

void carry_over::walk(sequence from, sequence end, bool is_ascending, std::vector<sequence>& found) {
    statement rows(*old_, is_ascending ? "SELECT sequence FROM events WHERE sequence>? AND sequence<=?"
                                         " ORDER BY sequence LIMIT ?"
                                       : "SELECT sequence FROM events WHERE sequence<? AND sequence>?"
                                         " ORDER BY sequence DESC LIMIT ?");
    rows.bind(from, end, piece_rows);
    // A damaged way may lead back, and round and round.
    for (sequence last = from; rows.step();) {
        const sequence at = rows.number(0);
        if (is_ascending ? at <= last : at >= last)
            throw damaged_file("the order of the events in " + old_->file() + " is broken");
        found.push_back(last = at);
    }
}

} // namespace outreachd::store
