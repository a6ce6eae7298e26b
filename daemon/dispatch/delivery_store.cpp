/// What the dispatcher needs of the store, handed on to it.
#include "daemon/dispatch/delivery_store.hpp"

namespace outreachd::dispatch {

namespace {

class backed_reader final : public delivery_reader {
public:
    explicit backed_reader(std::unique_ptr<store::reader> backing) : backing_(std::move(backing)) {}

    result<sequence> routed_up_to() override { return backing_->routed_up_to(); }

    result<std::vector<store::stored_event>> events_after(sequence after, std::size_t limit,
                                                          std::size_t bytes_max) override {
        return backing_->events_after(after, limit, bytes_max);
    }

    result<store::stored_event> event_at(sequence at) override { return backing_->event_at(at); }

    result<std::vector<store::unfinished_delivery>> unfinished(std::string_view handler, sequence after,
                                                               std::size_t limit) override {
        return backing_->unfinished(handler, after, limit);
    }

    result<std::vector<std::string>> step_results(std::string_view handler, sequence at) override {
        return backing_->step_results(handler, at);
    }

private:
    std::unique_ptr<store::reader> backing_;
};

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

    std::unique_ptr<delivery_reader> open_reader() override {
        return std::make_unique<backed_reader>(backing_.open_reader());
    }

private:
    store::store& backing_;
};

} // namespace

std::unique_ptr<delivery_store> make_delivery_store(store::store& backing) {
    return std::make_unique<backed_store>(backing);
}

} // namespace outreachd::dispatch
