/// Reads the events that aren't in memory, for the workers.
#include "daemon/dispatch/event_source.hpp"

#include <exception>

namespace outreachd::dispatch {

template <typename Read>
auto event_source::with_reader(Read read) -> decltype(read(std::declval<delivery_reader&>())) {
    const std::lock_guard lock(mutex_);
    if (is_closed_)
        return errc::stopping;
    if (!reader_) {
        try {
            reader_ = backing_.open_reader();
        } catch (const std::exception&) {
            return errc::store_unavailable; // the store tells the cause
        }
    }
    return read(*reader_);
}

result<store::stored_event> event_source::read(sequence at) {
    return with_reader([&](delivery_reader& from) { return from.event_at(at); });
}

result<std::vector<std::string>> event_source::step_results(std::string_view handler, sequence at) {
    return with_reader([&](delivery_reader& from) { return from.step_results(handler, at); });
}

void event_source::close() {
    const std::unique_lock lock(mutex_, std::try_to_lock);
    if (!lock.owns_lock())
        return;
    is_closed_ = true;
    reader_.reset();
}

} // namespace outreachd::dispatch
