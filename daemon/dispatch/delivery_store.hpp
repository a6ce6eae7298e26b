/// What the dispatcher needs of the store, and no more.
#pragma once

#include "daemon/store/store.hpp"

#include <memory>
#include <vector>

namespace outreachd::dispatch {

using store::sequence;

/// The reading half: as in `store::reader`. One thread at a time.
class delivery_reader {
public:
    delivery_reader() = default;
    virtual ~delivery_reader() = default;
    delivery_reader(const delivery_reader&) = delete;
    delivery_reader& operator=(const delivery_reader&) = delete;

    virtual result<sequence> routed_up_to() = 0;
    virtual result<std::vector<store::stored_event>> events_after(sequence after, std::size_t limit,
                                                                  std::size_t bytes_max) = 0;
    virtual result<store::stored_event> event_at(sequence at) = 0;
    virtual result<std::vector<store::unfinished_delivery>> unfinished(std::string_view handler,
                                                                       sequence after, std::size_t limit) = 0;
    virtual result<std::vector<std::string>> step_results(std::string_view handler, sequence at) = 0;
};

/// The writing half: as in `store::store`. Thread-safe; no call blocks.
class delivery_store {
public:
    delivery_store() = default;
    virtual ~delivery_store() = default;
    delivery_store(const delivery_store&) = delete;
    delivery_store& operator=(const delivery_store&) = delete;

    virtual void on_committed(store::committed_sink sink) = 0;
    virtual void route_at_append(store::route_decision decide) = 0;
    virtual void record_routes(std::vector<store::routing> routes, store::write_done done) = 0;
    virtual void settle(store::settlement what, store::write_done done) = 0;
    virtual void record_step(store::step_record what, store::write_done done) = 0;
    /// Throws where the database can't be opened.
    virtual std::unique_ptr<delivery_reader> open_reader() = 0;
};

/// The real one.
std::unique_ptr<delivery_store> make_delivery_store(store::store& backing);

} // namespace outreachd::dispatch
