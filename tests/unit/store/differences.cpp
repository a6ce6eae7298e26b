/// Holds the store's counts against the rows that they count.
#include "daemon/store/database.hpp"
#include "daemon/store/event_row.hpp"
#include "tests/unit/store/store_under_test.hpp"

#include <map>
#include <set>
#include <sstream>

namespace outreachd::store {

namespace {

std::uint64_t number(const statement& row, int column) {
    return static_cast<std::uint64_t>(row.number(column));
}

std::string text_of(const ledger& counts) {
    std::ostringstream text;
    text << "received " << counts.received << " pending " << counts.pending << " done " << counts.done
         << " dead " << counts.dead << " unrouted " << counts.unrouted << " published " << counts.published
         << " discarded " << counts.discarded << " expired " << counts.expired;
    return text.str();
}

/// Events by what became of them. `expired`, and what was received with it, is told by no row.
ledger count_events(database& in, std::uint64_t expired) {
    ledger counted;
    counted.expired = expired;
    statement rows(in,
                   "SELECT max(d.state<2), max(d.state=3), max(d.state=2), max(d.state=4), max(d.state=5),"
                   " max(d.state=6)"
                   " FROM events e LEFT JOIN deliveries d ON d.event=e.sequence GROUP BY e.sequence");
    while (rows.step()) {
        ++counted.received;
        ++(rows.is_null(0) || rows.number(0) != 0 ? counted.pending
           : rows.number(1) != 0                  ? counted.dead
           : rows.number(2) != 0                  ? counted.done
           : rows.number(3) != 0                  ? counted.unrouted
           : rows.number(4) != 0                  ? counted.discarded
                                                  : counted.published);
    }
    counted.received += expired;
    return counted;
}

std::string text_of(const handler_depth& depth) {
    std::ostringstream text;
    text << depth.handler << ": pending " << depth.pending << " retry " << depth.retry << " dead "
         << depth.dead << "; ";
    return text.str();
}

/// Of each handler that has a delivery in one of these states.
std::string depths_in(database& in) {
    std::string text;
    statement rows(
        in, "SELECT h.name, sum(d.state=0), sum(d.state=1), sum(d.state=3) FROM deliveries d"
            " JOIN handlers h ON h.id=d.handler WHERE d.state IN (0,1,3) AND h.id<>0 AND h.name<>'(outbox)'"
            " GROUP BY h.name ORDER BY h.name");
    while (rows.step())
        text +=
            text_of(handler_depth{rows.text(0), number(rows, 1), number(rows, 2), number(rows, 3), {}, {}});
    return text;
}

std::string depths_told(const store& of) {
    std::map<std::string, std::string> by_name;
    for (const handler_depth& one : of.depths())
        if (one.pending + one.retry + one.dead > 0)
            by_name[one.handler] = text_of(one);
    std::string text;
    for (const auto& [name, one] : by_name)
        text += one;
    return text;
}

/// Ids, with their places, of the deliveries that are dead.
std::set<std::string> dead_deliveries(database& in) {
    std::set<std::string> found;
    statement rows(in, "SELECT e.id, h.name, d.replay, d.event, d.handler FROM deliveries d"
                       " JOIN events e ON e.sequence=d.event JOIN handlers h ON h.id=d.handler"
                       " WHERE d.state=3");
    while (rows.step()) {
        event_id id{};
        const std::string_view bytes = rows.view(0);
        std::copy_n(bytes.begin(), id.size(), id.begin());
        found.insert(outreachd::to_string(delivery_id(id, rows.text(1), number(rows, 2))) + " " +
                     rows.text(3) + " " + rows.text(4));
    }
    return found;
}

std::set<std::string> dead_index(database& in) {
    std::set<std::string> found;
    statement rows(in, "SELECT delivery, event, handler FROM dead");
    while (rows.step()) {
        event_id id{};
        const std::string_view bytes = rows.view(0);
        std::copy_n(bytes.begin(), id.size(), id.begin());
        found.insert(outreachd::to_string(id) + " " + rows.text(1) + " " + rows.text(2));
    }
    return found;
}

} // namespace

std::string differences(store& of) {
    database look(of.file(), open_mode::read);
    const transaction moment(look, transaction::kind::read);
    const ledger told = of.accounts();
    std::string found;
    const auto compare = [&](const std::string& what, const std::string& is, const std::string& rows) {
        if (is != rows)
            found += what + ": told " + is + ", in the file " + rows + "\n";
    };
    if (told.unaccounted() != 0)
        found += "unaccounted " + std::to_string(told.unaccounted()) + "\n";
    compare("ledger", text_of(told), text_of(count_events(look, told.expired)));
    compare("depths", depths_told(of), depths_in(look));
    const auto without = look.read_number("SELECT count(*) FROM deliveries WHERE state=3 AND handler=0");
    const handler_depth outbox = of.outbox();
    compare("outbox", std::to_string(outbox.pending + outbox.retry),
            std::to_string(look.read_number("SELECT count(*) FROM deliveries d JOIN handlers h"
                                            " ON h.id=d.handler WHERE h.name='(outbox)' AND d.state<2")));
    compare("dead without a handler", std::to_string(of.dead_without_handler()), std::to_string(without));
    if (dead_index(look) != dead_deliveries(look))
        found += "the index of dead deliveries isn't that of those that are dead\n";
    if (look.read_number(
            "SELECT count(*) FROM deliveries WHERE event NOT IN (SELECT sequence FROM events)") != 0)
        found += "deliveries of events that aren't there\n";
    return found;
}

} // namespace outreachd::store
