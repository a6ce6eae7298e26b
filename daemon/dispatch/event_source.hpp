/// Reads the events that aren't in memory, for the workers.
#pragma once

#include "daemon/dispatch/delivery_store.hpp"

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace outreachd::dispatch {

/// One reader that all workers share, opened when it is first needed: a read takes some
/// microseconds, a reader of its own would cost each worker a database connection. Thread-safe.
class event_source {
public:
    explicit event_source(delivery_store& backing) : backing_(backing) {}

    /// Blocks for as long as the disk does. Errors: not_found; store_unavailable; being_carried_over. Of
    /// each failure the store tells the cause.
    result<store::stored_event> read(sequence at);

    /// The same, of a delivery's steps. Errors: store_unavailable; being_carried_over.
    result<std::vector<std::string>> step_results(std::string_view handler, sequence at);

    /// Lets go of the reader, unless a worker hangs in it. Later reads fail.
    void close();

private:
    template <typename Read>
    auto with_reader(Read read) -> decltype(read(std::declval<delivery_reader&>()));

    delivery_store& backing_;
    std::mutex mutex_;
    std::unique_ptr<delivery_reader> reader_;
    bool is_closed_ = false;
};

} // namespace outreachd::dispatch
