/// The metrics' names, labels and text.
#include "daemon/metrics/event_names.hpp"
#include "daemon/metrics/metrics.hpp"
#include "tests/unit/metrics/exposition.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <thread>
#include <vector>

namespace outreachd::metrics {
namespace {

using namespace std::chrono_literals;
using ::testing::IsEmpty;

testing::exposition read(metrics& subject) {
    auto all = testing::read_exposition(subject.text());
    EXPECT_THAT(all.problems, IsEmpty());
    return all;
}

TEST(Metrics, TextIsValidBeforeAnythingHappened) {
    metrics subject;
    const auto all = read(subject);
    EXPECT_EQ(all.value("outreachd_refused_genuine_total"), 0);
    EXPECT_EQ(all.value("outreachd_stale_total"), 0);
    EXPECT_EQ(all.value("outreachd_ack_seconds_count"), 0);
    EXPECT_EQ(all.value("outreachd_events_total", {{"name", "task.completed"}}), 0);
    EXPECT_EQ(all.value("outreachd_build_info", {{"version", OUTREACHD_VERSION}}), 1);
}

TEST(Metrics, RequestsCountByEndpointAndOutcome) {
    metrics subject;
    subject.count_request("/webhooks/outreach", "accepted");
    subject.count_request("/webhooks/outreach", "accepted");
    subject.count_request("/webhooks/outreach", "repeat");
    subject.count_request("/other", "accepted");
    subject.count_request("", "not_found");
    const auto all = read(subject);
    const std::string name = "outreachd_requests_total";
    EXPECT_EQ(all.value(name, {{"endpoint", "/webhooks/outreach"}, {"outcome", "accepted"}}), 2);
    EXPECT_EQ(all.value(name, {{"endpoint", "/webhooks/outreach"}, {"outcome", "repeat"}}), 1);
    EXPECT_EQ(all.value(name, {{"endpoint", "/other"}, {"outcome", "accepted"}}), 1);
    EXPECT_EQ(all.value(name, {{"endpoint", ""}, {"outcome", "not_found"}}), 1);
    EXPECT_EQ(subject.requests_total("accepted"), 3U);
    EXPECT_EQ(subject.requests_total("not_found"), 1U);
    EXPECT_EQ(subject.requests_total("reset"), 0U);
}

TEST(Metrics, EndpointHasAllOutcomesFromItsFirstRequest) {
    metrics subject;
    subject.count_request("/webhooks/outreach", "accepted");
    const auto all = read(subject);
    for (const char* const outcome : {"repeat", "unsigned", "bad_signature", "not_found", "bad_method",
                                      "too_large", "malformed", "reset"}) {
        EXPECT_EQ(
            all.value("outreachd_requests_total", {{"endpoint", "/webhooks/outreach"}, {"outcome", outcome}}),
            0)
            << outcome;
    }
}

/// Else a rate is blind to the first event after a start, and an alert on none to their want.
TEST(Metrics, ConfiguredEndpointsAndHandlersCountFromZero) {
    metrics subject;
    subject.add_endpoint("/webhooks/outreach");
    subject.add_endpoint("");
    subject.add_handler("crm");
    const auto all = read(subject);
    for (const char* const endpoint : {"/webhooks/outreach", ""})
        for (const char* const outcome : {"accepted", "repeat", "unsigned", "bad_signature", "not_found",
                                          "bad_method", "too_large", "malformed", "reset"})
            EXPECT_EQ(all.value("outreachd_requests_total", {{"endpoint", endpoint}, {"outcome", outcome}}),
                      0);
    for (const char* const outcome : {"done", "retry", "dead"})
        EXPECT_EQ(all.value("outreachd_deliveries_total", {{"handler", "crm"}, {"outcome", outcome}}), 0);
    EXPECT_EQ(all.value("outreachd_delivery_seconds_count", {{"handler", "crm"}}), 0);
}

TEST(Metrics, WhatIsConfiguredAgainGoesOnCounting) {
    metrics subject;
    subject.add_endpoint("/webhooks/outreach");
    subject.add_handler("crm");
    subject.count_request("/webhooks/outreach", "accepted");
    subject.count_delivery("crm", "done");
    subject.observe_delivery("crm", 30ms);
    subject.add_endpoint("/webhooks/outreach");
    subject.add_handler("crm");
    const auto all = read(subject);
    EXPECT_EQ(
        all.value("outreachd_requests_total", {{"endpoint", "/webhooks/outreach"}, {"outcome", "accepted"}}),
        1);
    EXPECT_EQ(all.value("outreachd_deliveries_total", {{"handler", "crm"}, {"outcome", "done"}}), 1);
    EXPECT_EQ(all.value("outreachd_delivery_seconds_count", {{"handler", "crm"}}), 1);
}

TEST(Metrics, EventNamesAreAClosedSet) {
    metrics subject;
    for (const std::string_view name : known_event_names)
        subject.count_event(name);
    for (const char* const name : {"unknown", "", "task", "task.Completed", "task.completed ", "zzz.created",
                                   "a", "contact.created", "*.created", "other"})
        subject.count_event(name);
    const auto all = read(subject);
    for (const std::string_view name : known_event_names)
        EXPECT_EQ(all.value("outreachd_events_total", {{"name", std::string{name}}}), 1) << name;
    EXPECT_EQ(all.value("outreachd_events_total", {{"name", "other"}}), 10);
    std::set<std::string> names;
    for (const auto& each : all.samples) {
        if (each.name == "outreachd_events_total")
            names.insert(each.labels.at("name"));
    }
    EXPECT_EQ(names.size(), known_event_names.size() + 1);
}

TEST(Metrics, AckFallsIntoTheRightBuckets) {
    metrics subject;
    subject.observe_ack(800us);
    subject.observe_ack(5ms); // A bound belongs to its bucket.
    subject.observe_ack(4200ms);
    subject.observe_ack(6s);
    const auto all = read(subject);
    const auto at_most = [&](const char* bound) {
        return all.value("outreachd_ack_seconds_bucket", {{"le", bound}});
    };
    EXPECT_EQ(at_most("0.0005"), 0);
    EXPECT_EQ(at_most("0.001"), 1);
    EXPECT_EQ(at_most("0.005"), 2);
    EXPECT_EQ(at_most("4"), 2);
    EXPECT_EQ(at_most("4.5"), 3);
    EXPECT_EQ(at_most("5"), 3);
    EXPECT_EQ(at_most("+Inf"), 4);
    EXPECT_DOUBLE_EQ(all.value("outreachd_ack_seconds_sum"), 10.2058);
}

TEST(Metrics, DeliveriesCountByHandler) {
    metrics subject;
    subject.count_delivery("crm", "done");
    subject.count_delivery("crm", "retry");
    subject.count_delivery("audit", "dead");
    subject.observe_delivery("crm", 30ms);
    const auto all = read(subject);
    EXPECT_EQ(all.value("outreachd_deliveries_total", {{"handler", "crm"}, {"outcome", "done"}}), 1);
    EXPECT_EQ(all.value("outreachd_deliveries_total", {{"handler", "crm"}, {"outcome", "retry"}}), 1);
    EXPECT_EQ(all.value("outreachd_deliveries_total", {{"handler", "crm"}, {"outcome", "dead"}}), 0);
    EXPECT_EQ(all.value("outreachd_deliveries_total", {{"handler", "audit"}, {"outcome", "dead"}}), 1);
    EXPECT_EQ(all.value("outreachd_delivery_seconds_bucket", {{"handler", "crm"}, {"le", "0.05"}}), 1);
    EXPECT_EQ(all.value("outreachd_delivery_seconds_count", {{"handler", "crm"}}), 1);
}

TEST(Metrics, ExceptionsToThePromiseAreCounted) {
    metrics subject;
    subject.count_refused_genuine();
    subject.count_stale();
    subject.count_stale();
    const auto all = read(subject);
    EXPECT_EQ(all.value("outreachd_refused_genuine_total"), 1);
    EXPECT_EQ(all.value("outreachd_stale_total"), 2);
}

TEST(Metrics, GaugesAreAskedAtEachScrape) {
    metrics subject;
    double depth = 1;
    subject.add_gauge("pending", "Deliveries not begun.", "handler=crm", [&] { return depth; });
    subject.add_gauge("unaccounted", "Events not accounted for.", "", [] { return 0.0; });
    subject.add_gauge("pending", "Deliveries not begun.", "handler=audit", [] { return 7.0; });
    EXPECT_EQ(read(subject).value("outreachd_pending", {{"handler", "crm"}}), 1);
    depth = 2.5;
    const auto all = read(subject);
    EXPECT_EQ(all.value("outreachd_pending", {{"handler", "crm"}}), 2.5);
    EXPECT_EQ(all.value("outreachd_pending", {{"handler", "audit"}}), 7);
    EXPECT_EQ(all.value("outreachd_unaccounted"), 0);
}

TEST(Metrics, CountersAreAskedAtEachScrapeAndAreCounters) {
    metrics subject;
    double count = 1;
    subject.add_counter("lines_total", "Lines.", "", [&] { return count; });
    EXPECT_EQ(read(subject).value("outreachd_lines_total"), 1);
    count = 3;
    const auto all = read(subject);
    EXPECT_EQ(all.value("outreachd_lines_total"), 3);
    EXPECT_EQ(all.types.at("outreachd_lines_total"), "counter");
}

TEST(Metrics, GaugeAddedAgainReplacesTheFirst) {
    metrics subject;
    subject.add_gauge("pending", "Deliveries not begun.", "handler=crm", [] { return 1.0; });
    subject.add_gauge("pending", "Deliveries not begun.", "handler=crm", [] { return 2.0; });
    EXPECT_EQ(read(subject).value("outreachd_pending", {{"handler", "crm"}}), 2);
}

TEST(Metrics, LabelsFromTheConfigurationAreEscaped) {
    metrics subject;
    subject.count_request("/a\"b\\c", "accepted");
    subject.add_gauge("pending", "Deliveries not begun.", "handler=a\nb=\"c\"", [] { return 3.0; });
    const auto all = read(subject);
    EXPECT_EQ(all.value("outreachd_requests_total", {{"endpoint", "/a\"b\\c"}, {"outcome", "accepted"}}), 1);
    EXPECT_EQ(all.value("outreachd_pending", {{"handler", "a\nb=\"c\""}}), 3);
}

TEST(Metrics, CountsOfManyThreadsAreExact) {
    metrics subject;
    std::vector<std::thread> threads;
    for (int thread = 0; thread < 4; ++thread) {
        threads.emplace_back([&subject] {
            for (int i = 0; i < 5000; ++i) {
                subject.count_request("/webhooks/outreach", "accepted");
                subject.observe_ack(1ms);
                subject.count_event("task.updated");
                if (i % 1000 == 0)
                    subject.text();
            }
        });
    }
    for (auto& each : threads)
        each.join();
    const auto all = read(subject);
    EXPECT_EQ(subject.requests_total("accepted"), 20'000U);
    EXPECT_EQ(all.value("outreachd_ack_seconds_count"), 20'000);
    EXPECT_EQ(all.value("outreachd_events_total", {{"name", "task.updated"}}), 20'000);
}

} // namespace
} // namespace outreachd::metrics
