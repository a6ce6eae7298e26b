/// What people ask of the quarantine.
#include "daemon/store/event_row.hpp"
#include "daemon/store/quarantine.hpp"

#include <future>
#include <limits>

namespace outreachd::store {

/// Behind a hearing that is due, between two requests of one that goes on, and before what waits to be kept:
/// that may be a flood.
template <typename Answer>
result<Answer> quarantine::ask(std::function<result<Answer>(database&)> of, std::chrono::milliseconds wait) {
    // Shared: one that came too late still has where to put its answer. A file that can't be read breaks
    // the promise.
    auto promised = std::make_shared<std::promise<result<Answer>>>();
    auto answered = promised->get_future();
    {
        const std::scoped_lock lock(mutex_);
        if (is_stopping_)
            return errc::stopping;
        if (questions_.size() >= questions_max) // the disk hangs, and those who asked have given up
            return errc::store_unavailable;
        questions_.push_back([promised = std::move(promised), of = std::move(of)](database& in) {
            promised->set_value(of(in));
        });
        has_job_.notify_one();
    }
    if (answered.wait_for(wait) != std::future_status::ready)
        return errc::deadline_passed;
    try {
        return answered.get();
    } catch (const std::future_error&) {
        return errc::store_unavailable;
    }
}

result<std::vector<quarantine::entry>> quarantine::list(std::size_t limit, std::optional<std::int64_t> before,
                                                        std::chrono::milliseconds wait) {
    const auto most = static_cast<std::int64_t>(limit);
    const std::int64_t below = before.value_or(std::numeric_limits<std::int64_t>::max());
    return ask<std::vector<entry>>(
        [most, below](database& in) -> result<std::vector<entry>> {
            std::vector<entry> found;
            statement rows(in, "SELECT number, received_at, endpoint, source, peer, bytes FROM requests"
                               " WHERE number<? ORDER BY number DESC LIMIT ?");
            rows.bind(below, most);
            while (rows.step()) {
                entry one{rows.number(0), rows.number(5), {}};
                one.request.received_at = to_wall_time(rows.number(1));
                one.request.endpoint = rows.text(2);
                one.request.source = rows.text(3);
                one.request.peer = rows.text(4);
                found.push_back(std::move(one));
            }
            return found;
        },
        wait);
}

result<quarantine::entry> quarantine::show(std::int64_t number, std::chrono::milliseconds wait) {
    return ask<entry>(
        [number](database& in) -> result<entry> {
            statement row(in, "SELECT received_at, endpoint, source, peer, content_type, outreach_event_id,"
                              " headers, bytes, body FROM requests WHERE number=?");
            if (!row.bind(number).step())
                return errc::not_found;
            entry one{number, row.number(7), {}};
            one.request.received_at = to_wall_time(row.number(0));
            one.request.endpoint = row.text(1);
            one.request.source = row.text(2);
            one.request.peer = row.text(3);
            one.request.content_type = row.text(4);
            one.request.outreach_event_id = row.text(5);
            one.request.headers = split_headers(row.view(6));
            one.request.body = row.text(8);
            return one;
        },
        wait);
}

result<bool> quarantine::discard(std::int64_t number, std::chrono::milliseconds wait) {
    return ask<bool>(
        [this, number](database& in) -> result<bool> {
            statement row(in, "SELECT endpoint, peer, bytes FROM requests WHERE number=?");
            if (!row.bind(number).step())
                return errc::not_found;
            const std::string endpoint = row.text(0);
            const std::string peer = row.text(1);
            const std::int64_t bytes = row.number(2);
            row.reset();
            remove(number, endpoint, peer, bytes);
            return true;
        },
        wait);
}

} // namespace outreachd::store
