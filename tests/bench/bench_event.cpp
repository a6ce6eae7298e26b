#include "tests/bench/bench_event.hpp"

#include "daemon/signature/verifier.hpp"

#include <utility>

namespace outreachd::bench {

namespace {

const secret& key() {
    static const secret made{"the key of all benchmarks"};
    return made;
}

std::string body_of(std::uint64_t id, std::uint32_t handler, std::size_t bytes) {
    std::string body = R"({"data":{"type":"task","id":)" + std::to_string(id) + R"(,"attributes":{"note":")";
    const std::string end = R"("}},"meta":{"eventName":"task.)" + handler_name(handler) +
                            R"(","deliveredAt":"2026-04-01T09:20:00.955-07:00"}})";
    if (body.size() + end.size() < bytes)
        body.append(bytes - body.size() - end.size(), 'n');
    return body + end;
}

} // namespace

std::string handler_name(std::uint32_t index) {
    return "h" + std::to_string(index);
}

verified_event make_event(std::uint64_t id, std::uint32_t handler, std::size_t body_bytes) {
    static const signature::verifier endpoint{{{key()}, false}};
    received_request request;
    request.endpoint = "/webhooks/outreach";
    request.source = "outreach";
    request.received_at = wall_now();
    request.content_type = "application/json";
    request.body = body_of(id, handler, body_bytes);
    request.signatures = {signature::sign(key(), request.body)};
    return endpoint.verify(request).value();
}

} // namespace outreachd::bench
