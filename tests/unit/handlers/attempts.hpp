/// Attempts as tests make them.
#pragma once

#include "daemon/event/event_reader.hpp"
#include "handlers/handler.hpp"

#include <string>

namespace outreachd::handlers::test {

inline std::shared_ptr<event> make_event(const std::string& body) {
    auto made = std::make_shared<event>();
    made->id = *parse_event_id("019aa000-0000-7000-8000-000000000001");
    made->facts = read_event(body);
    made->received_at = *parse_timestamp("2026-11-21T08:22:55.123Z");
    made->endpoint = "/webhooks/outreach";
    made->source = "outreach";
    made->body = body;
    return made;
}

inline attempt make_attempt(const std::string& body) {
    return {make_event(body), *parse_event_id("019aa000-0000-5000-8000-000000000002"), 1,
            std::chrono::steady_clock::now() + std::chrono::seconds{30}};
}

} // namespace outreachd::handlers::test
