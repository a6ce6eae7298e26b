#include "daemon/ingress/receive_event.hpp"

#include "daemon/event/trace_parent.hpp"

namespace outreachd::ingress {
namespace {

/// The request stays whole where the signature doesn't hold.
request_outcome refuse(error_code ec, received_request& request, const endpoint& at, services& with) {
    // Outreach takes the 401 for delivered, and a wrong secret refuses everything.
    if (const auto count = with.unverified.count(std::chrono::steady_clock::now()))
        with.log.warn("requests fail the signature: is a secret wrong, or somebody knocking?",
                      {{"count", *count},
                       {"endpoint", at.path},
                       {"last_peer", request.peer},
                       {"last_reason", ec.message()}});
    if (with.log.is_enabled(log::level::debug))
        with.log.debug(
            "request refused",
            {{"endpoint", at.path}, {"source", at.source}, {"peer", request.peer}, {"reason", ec.message()}});
    if (ec == errc::signature_mismatch && at.quarantine_bytes_max > 0 && with.quarantine)
        with.quarantine(ec.message(), std::move(request));
    return to_outcome(ec);
}

void note_unstored(const event_id& id, const endpoint& at, services& with) {
    if (const auto count = with.unstored.count(std::chrono::steady_clock::now()))
        with.log.warn("not stored in time, the connection is reset so that the event is sent again",
                      {{"event_id", to_string(id)}, {"source", at.source}, {"count", *count}});
}

} // namespace

awaitable<reception> receive_event(received_request& request, const endpoint& at, services& with,
                                   std::shared_ptr<answer_wait> wait, steady_time deadline) {
    auto verified = at.verifier->verify(request);
    if (!verified)
        co_return reception{refuse(verified.error(), request, at, with), false};

    const event& genuine = verified->get();
    const event_id id = genuine.id;
    const std::string name = genuine.facts.name;
    const std::string trace = with.log.is_enabled(log::level::debug) ? trace_id_of(genuine) : std::string{};
    const bool is_stale = genuine.facts.delivered_at.has_value() &&
                          *genuine.facts.delivered_at + at.dedup_window < genuine.received_at;

    with.store.append(std::move(*verified), at.dedup_window, deadline, wait->make_done(), with.answered_when);
    const std::optional<store::append_result> stored = co_await wait->wait();
    if (!stored) {
        note_unstored(id, at, with);
        co_return reception{request_outcome::reset, true};
    }
    if (with.log.is_enabled(log::level::debug))
        with.log.debug(stored->is_repeat ? "repeat received" : "event received",
                       {{"event_id", to_string(stored->id)},
                        {"trace_id", trace},
                        {"source", at.source},
                        {"event", name}});
    if (stored->is_repeat)
        co_return reception{request_outcome::repeat, true};
    with.metrics.count_event(name);
    if (is_stale)
        with.metrics.count_stale();
    co_return reception{request_outcome::accepted, true};
}

} // namespace outreachd::ingress
