/// What the steps of deliveries gave that are done.
#include "daemon/store/session.hpp"

namespace outreachd::store {

void session::record_step(const step_record& what) {
    const std::int64_t handler = handler_id(what.handler);
    const bool is_there = find_delivery_->bind(what.sequence, handler).step() &&
                          is_unfinished(static_cast<delivery_state>(find_delivery_->number(0)));
    find_delivery_->reset();
    if (is_there)
        insert_step_->bind(what.sequence, handler, std::int64_t{what.number}, std::string_view(what.result))
            .run();
}

void session::forget_steps(sequence at, std::int64_t handler) {
    statement(database_, "DELETE FROM steps WHERE event=? AND handler=?").bind(at, handler).run();
}

} // namespace outreachd::store
