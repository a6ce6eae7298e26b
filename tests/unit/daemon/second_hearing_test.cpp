/// What comes out of quarantine, and by whose secrets.
#include "daemon/second_hearing.hpp"
#include "daemon/signature/verifier.hpp"
#include "tests/unit/store/store_under_test.hpp"

#include <gtest/gtest.h>

#include <future>

namespace outreachd {
namespace {

using store::quarantine;

constexpr const char* path = "/hook";

std::shared_ptr<const ingress::endpoint_table> endpoints_with(const secret& one) {
    settings::endpoint configured;
    configured.path = path;
    configured.secrets.push_back(one);
    return std::make_shared<const ingress::endpoint_table>(std::vector{configured});
}

received_request signed_with(const secret& one) {
    received_request made;
    made.endpoint = path;
    made.source = "outreach";
    made.received_at = wall_now();
    made.peer = "192.0.2.1";
    made.body = store::task_body(1);
    made.signatures = {signature::sign(one, made.body)};
    return made;
}

/// Somebody asked before a reload, and is heard behind it.
TEST(SecondHearing, JudgesByTheEndpointsThatAreInForceWhenItComes) {
    const store::temporary_directory directory;
    store::recording_observer events_observer;
    store::recording_quarantine_observer kept_observer;
    log::logger log{log::level::error, log::format::text};
    store::store events({.directory = directory.path()}, events_observer);
    endpoints_in_force endpoints(endpoints_with(secret("mistyped")));
    quarantine kept(directory.path(), kept_observer);
    kept.keep(signed_with(secret("right")), 1024 * 1024);

    std::promise<void> begun;
    std::promise<void> reloaded;
    kept.recheck([&](received_request&) {
        begun.set_value();
        reloaded.get_future().wait();
        return quarantine::hearing::refused;
    });
    begun.get_future().wait();
    std::promise<void> heard;
    hear_again(kept, endpoints, events, log, [&heard](bool) { heard.set_value(); });
    endpoints.replace(endpoints_with(secret("right")));
    reloaded.set_value();
    heard.get_future().wait();
    EXPECT_EQ(kept.recovered(), 1U);
    EXPECT_TRUE(store::eventually([&] { return events.accounts().received == 1; }))
        << "counted behind the answer";
}

} // namespace
} // namespace outreachd
