/// What the dispatcher needs of the store, and no more.
#pragma once

#include "daemon/store/store.hpp"

#include <memory>
#include <vector>

namespace outreachd::dispatch {

using store::delivery_reader;
using store::sequence;

/// As in `store::store`. Thread-safe; no call that writes blocks.
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
