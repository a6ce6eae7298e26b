/// What the dispatcher needs of the store, handed on to it.
#include "daemon/dispatch/delivery_store.hpp"

namespace outreachd::dispatch {

namespace {

class backed_store final : public delivery_store {
public:
    explicit backed_store(store::store& backing) : backing_(backing) {}

    void on_committed(store::committed_sink sink) override { backing_.on_committed(std::move(sink)); }

    void route_at_append(store::route_decision decide) override {
        backing_.route_at_append(std::move(decide));
    }

    void record_routes(std::vector<store::routing> routes, store::write_done done) override {
        backing_.record_routes(std::move(routes), std::move(done));
    }

    void settle(store::settlement what, store::write_done done) override {
        backing_.settle(std::move(what), std::move(done));
    }

    void record_step(store::step_record what, store::write_done done) override {
        backing_.record_step(std::move(what), std::move(done));
    }

    std::unique_ptr<delivery_reader> open_reader() override { return backing_.open_reader(); }

private:
    store::store& backing_;
};

} // namespace

std::unique_ptr<delivery_store> make_delivery_store(store::store& backing) {
    return std::make_unique<backed_store>(backing);
}

} // namespace outreachd::dispatch
