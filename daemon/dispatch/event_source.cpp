/// Reads the events that aren't in memory, for the workers.
#include "daemon/dispatch/event_source.hpp"

#include <exception>

namespace outreachd::dispatch {

result<store::stored_event> event_source::read(sequence at) {
    const std::lock_guard lock(mutex_);
    if (is_closed_)
        return errc::stopping;
    if (!reader_) {
        try {
            reader_ = backing_.open_reader();
        } catch (const std::exception&) {
            return errc::store_unavailable;
        }
    }
    return reader_->event_at(at);
}

void event_source::close() {
    const std::unique_lock lock(mutex_, std::try_to_lock);
    if (!lock.owns_lock())
        return;
    is_closed_ = true;
    reader_.reset();
}

} // namespace outreachd::dispatch
