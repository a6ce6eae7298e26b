/// What tests put into a quarantine, and how they see what it keeps.
#pragma once

#include "daemon/store/quarantine.hpp"
#include "tests/unit/store/store_under_test.hpp"

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <string>
#include <vector>

namespace outreachd::store {

inline constexpr std::uint64_t ample = 64 * 1024 * 1024;

inline received_request doubtful_request(std::string body, std::string peer = "192.0.2.1") {
    received_request made;
    made.endpoint = "/hook";
    made.source = "outreach";
    made.received_at = wall_now();
    made.peer = std::move(peer);
    made.content_type = "application/json";
    made.outreach_event_id = "e-1";
    made.cleanup_token = secret("token");
    made.signatures = {std::string(64, 'a')};
    made.body = std::move(body);
    return made;
}

/// Offers all that is kept to `decide`, and waits for the end of that.
inline void recheck_and_wait(quarantine& subject, const quarantine::judge& decide) {
    std::promise<void> ended;
    // The quarantine lets go of its judge when all are heard.
    std::shared_ptr<void> until_let_go(nullptr, [&ended](void*) { ended.set_value(); });
    subject.recheck(
        [decide, held = std::move(until_let_go)](received_request& request) { return decide(request); });
    ended.get_future().get();
}

inline std::vector<received_request> kept_in(quarantine& subject) {
    std::vector<received_request> seen;
    recheck_and_wait(subject, [&seen](received_request& request) {
        seen.push_back(request);
        return quarantine::hearing::refused;
    });
    return seen;
}

class QuarantineUnderTest : public testing::Test {
protected:
    recording_quarantine_observer watcher_;
};

} // namespace outreachd::store
