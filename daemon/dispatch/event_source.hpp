/// Reads the events that aren't in memory, for the workers.
#pragma once

#include "daemon/dispatch/delivery_store.hpp"

#include <memory>
#include <mutex>

namespace outreachd::dispatch {

/// One reader that all workers share, opened when it is first needed: a read takes some
/// microseconds, a reader of its own would cost each worker a database connection. Thread-safe.
class event_source {
public:
    explicit event_source(delivery_store& backing) : backing_(backing) {}

    /// Blocks for as long as the disk does. Errors: not_found; store_unavailable.
    result<store::stored_event> read(sequence at);

    /// Lets go of the reader, unless a worker hangs in it. Later reads fail.
    void close();

private:
    delivery_store& backing_;
    std::mutex mutex_;
    std::unique_ptr<delivery_reader> reader_;
    bool is_closed_ = false;
};

} // namespace outreachd::dispatch
