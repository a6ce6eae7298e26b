/// Contract sections 1 to 4: deliveries as a receiver sees them.
#include "daemon/crypto/hmac.hpp"
#include "tests/servers/test_certificate.hpp"
#include "tests/unit/sandbox/hooked_sandbox.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <fstream>

namespace outreachd::sandbox {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::StartsWith;

TEST(Delivery, OfACreateHasTheRecordedShape) { // 1.1, 1.3 to 1.11, 1.17 to 1.20
    hooked test{R"("resource":"account")"};
    const std::int64_t id = test.sandbox.make("accounts", "account", R"("name":"Contoso")");
    const auto requests = test.received(1);
    ASSERT_EQ(requests.size(), 1U);
    EXPECT_EQ(requests[0].line, "POST /hook HTTP/1.1");
    const std::string& body = requests[0].body;
    EXPECT_THAT(body,
                StartsWith(R"({"data":{"type":"account","id":)" + std::to_string(id) + R"(,"attributes":{)"));
    EXPECT_THAT(body, HasSubstr(R"("owner":{"type":"owner","id":1})"));
    EXPECT_THAT(body, HasSubstr(R"(},"meta":{"deliveredAt":")"));
    EXPECT_THAT(body, Not(HasSubstr("null")));
    EXPECT_THAT(body, Not(HasSubstr("beforeUpdate")));
    const json::value read = json::parse(body);
    EXPECT_THAT(json::value_to<std::string>(read.at_pointer("/meta/deliveredAt")),
                testing::EndsWith("-08:00"));
    EXPECT_THAT(json::value_to<std::string>(read.at_pointer("/meta/jobId")), MatchesRegex("[-0-9a-f]{36}"));
    EXPECT_EQ(read.at_pointer("/meta/eventName"), "account.created");
}

TEST(Delivery, HasTheRecordedHeaders) { // 1.21 to 1.27
    hooked test{R"("resource":"account","secret":"foo")"};
    test.sandbox.make("accounts", "account", R"("name":"Contoso")");
    auto headers = test.received(1).at(0).headers;
    EXPECT_EQ(headers["content-type"], "application/vnd.api+json");
    EXPECT_EQ(headers["outreach-webhook-id"], std::to_string(test.webhook));
    EXPECT_THAT(headers["outreach-webhook-event-id"], MatchesRegex("[-0-9a-f]{36}"));
    EXPECT_THAT(headers["outreach-org-id"], MatchesRegex("[-0-9a-f]{36}"));
    EXPECT_THAT(headers["outreach-webhook-cleanup-token"], StartsWith("eyJh"));
    EXPECT_EQ(headers["user-agent"], "Ruby");
    EXPECT_EQ(headers["connection"], "close");
    EXPECT_EQ(headers["content-length"], std::to_string(test.receiver.requests().at(0).body.size()));
}

TEST(Delivery, IsSignedWhereThereIsASecret) { // 2.1 to 2.4
    hooked test{R"("resource":"account","secret":"foo")"};
    test.sandbox.make("accounts", "account", R"("name":"Contoso")");
    auto signed_request = test.received(1).at(0);
    std::string expected;
    for (const std::uint8_t byte : hmac_key{"foo"}.authenticate(signed_request.body)) {
        char digits[3];
        std::snprintf(digits, sizeof digits, "%02x", static_cast<unsigned>(byte));
        expected += digits;
    }
    EXPECT_EQ(signed_request.headers["outreach-webhook-signature"], expected);

    hooked without{R"("resource":"account")"};
    without.sandbox.make("accounts", "account", R"("name":"Contoso")");
    EXPECT_FALSE(without.received(1).at(0).headers.contains("outreach-webhook-signature"));
}

TEST(Delivery, OfAnUpdateCarriesWhatChanged) { // 1.11, 1.14
    hooked test{R"("resource":"account","action":"updated")"};
    const std::string id =
        std::to_string(test.sandbox.make("accounts", "account", R"("name":"A","domain":"a")"));
    test.sandbox.patch("accounts/" + id, R"({"data":{"type":"account","id":)" + id +
                                             R"(,"attributes":{"name":"B","domain":"a"},)" +
                                             R"("relationships":{"owner":{"data":null}}}})");
    const json::value body = json::parse(test.received(1).at(0).body);
    const auto& attributes = body.at_pointer("/data/attributes").as_object();
    EXPECT_EQ(attributes.size(), 2U);
    EXPECT_EQ(attributes.at("name"), "B");
    EXPECT_TRUE(attributes.contains("updatedAt"));
    EXPECT_EQ(body.at_pointer("/data/relationships").as_object().size(), 1U);
    EXPECT_TRUE(body.at_pointer("/data/relationships/owner").is_null());
    EXPECT_FALSE(body.as_object().contains("beforeUpdate"));
}

TEST(Delivery, OfVersionTwoTellsWhatWasBefore) { // 1.15, 1.16
    hooked test{R"("resource":"account","payloadVersion":2)"};
    const std::string id = std::to_string(test.sandbox.make("accounts", "account", R"("name":"A")"));
    test.sandbox.patch("accounts/" + id,
                       R"({"data":{"type":"account","id":)" + id + R"(,"attributes":{"name":"B"}}})");
    const auto deliveries = settled(test.sandbox, 2);
    EXPECT_THAT(deliveries.at(0).body, Not(HasSubstr("beforeUpdate")));
    const json::value body = json::parse(deliveries.at(1).body);
    EXPECT_EQ(body.at_pointer("/beforeUpdate/attributes/name"), "A");
    EXPECT_TRUE(body.at_pointer("/beforeUpdate/attributes").as_object().contains("updatedAt"));
    EXPECT_EQ(body.at_pointer("/beforeUpdate/id"), body.at_pointer("/data/id"));
}

TEST(Delivery, OfADestructionCarriesAllThatWasKnown) { // 1.12, 4.5
    hooked test{R"("resource":"account","action":"destroyed")"};
    const std::string id = std::to_string(test.sandbox.make("accounts", "account", R"("name":"A")"));
    test.sandbox.ask("DELETE", "accounts/" + id);
    const json::value body = json::parse(test.received(1).at(0).body);
    EXPECT_EQ(body.at_pointer("/meta/eventName"), "account.destroyed");
    EXPECT_TRUE(body.at_pointer("/data/attributes/domain").is_null());
    EXPECT_EQ(body.at_pointer("/data/relationships/creator/type"), "creator");
}

TEST(Delivery, GoesToEveryWebhookThatMatches) { // 4.2, 3.15
    hooked test{R"("resource":"task","action":"completed")"};
    test.sandbox.make("webhooks", "webhook", hook(url_of(test.receiver), R"("resource":"task")"));
    test.sandbox.make("webhooks", "webhook", hook(url_of(test.receiver)));
    test.sandbox.make("webhooks", "webhook", hook(url_of(test.receiver), R"("active":false)"));
    test.sandbox.make("webhooks", "webhook", hook(url_of(test.receiver), R"("resource":"call")"));
    const std::string task = std::to_string(test.sandbox.get("tasks").number("/data/0/id"));
    test.sandbox.post("tasks/" + task + "/actions/markComplete");
    // Of task.updated two, of task.completed three.
    auto all = names(test.received(5));
    std::ranges::sort(all);
    EXPECT_THAT(all, ElementsAre("task.completed", "task.completed", "task.completed", "task.updated",
                                 "task.updated"));
}

TEST(Delivery, OfSpecialActionsToAStarCanBeLeftOut) { // 4.3
    options configured = quick_options();
    configured.star_covers_special = false;
    hooked test{R"("resource":"task")", configured};
    const std::string task = std::to_string(test.sandbox.get("tasks").number("/data/0/id"));
    test.sandbox.post("tasks/" + task + "/actions/markComplete");
    EXPECT_THAT(names(test.received(1)), ElementsAre("task.updated"));
}

TEST(Delivery, OfUnwatchedResourcesIsNotMade) { // 4
    hooked test{{}};
    test.sandbox.make("stages", "stage", R"("name":"S")");
    test.sandbox.make("accounts", "account", R"("name":"A")");
    EXPECT_THAT(names(test.received(1)), ElementsAre("account.created"));
}

TEST(Delivery, TakesAnyStatusAsDelivered) { // 3.4, 3.5
    for (const int status : {200, 204, 400, 401, 404, 413, 429, 500, 503}) {
        scripted_server receiver{[status](const recorded_request&) { return http_status(status); }};
        running_sandbox sandbox;
        sandbox.make("webhooks", "webhook", hook(url_of(receiver), R"("resource":"account")"));
        sandbox.make("accounts", "account", R"("name":"A")");
        const auto done = settled(sandbox, 1);
        EXPECT_EQ(done.at(0).state, "delivered") << status;
        EXPECT_THAT(done.at(0).attempts, ElementsAre(std::to_string(status)));
    }
}

TEST(Delivery, FollowsNoRedirect) { // 3.6
    scripted_server receiver{[](const recorded_request&) {
        return scripted_answer{
            "HTTP/1.1 308 Permanent Redirect\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n"};
    }};
    running_sandbox sandbox;
    sandbox.make("webhooks", "webhook", hook(url_of(receiver), R"("resource":"account")"));
    sandbox.make("accounts", "account", R"("name":"A")");
    EXPECT_EQ(settled(sandbox, 1).at(0).status, 308U);
    EXPECT_EQ(receiver.requests().size(), 1U);
}

TEST(Delivery, IsTriedFourTimesWhereTheNetworkFails) { // 3.2
    scripted_server receiver{[](const recorded_request&) { return scripted_answer{.is_reset = true}; }};
    running_sandbox sandbox;
    sandbox.make("webhooks", "webhook", hook(url_of(receiver), R"("resource":"account")"));
    const auto begun = std::chrono::steady_clock::now();
    sandbox.make("accounts", "account", R"("name":"A")");
    const auto lost = settled(sandbox, 1);
    EXPECT_EQ(lost.at(0).state, "lost");
    EXPECT_EQ(lost.at(0).attempts.size(), 4U);
    EXPECT_EQ(receiver.requests().size(), 4U);
    EXPECT_GE(std::chrono::steady_clock::now() - begun, 3 * quick_options().delivery.pause);
    // One event: all attempts are the same.
    EXPECT_EQ(receiver.requests().at(0).body, receiver.requests().at(3).body);
    EXPECT_EQ(delivery_options{}.attempts, 4U);
    EXPECT_EQ(delivery_options{}.pause, 1s);
}

TEST(Delivery, IsMadeByALaterAttempt) { // 3.2
    std::atomic<int> asked = 0;
    scripted_server receiver{
        [&](const recorded_request&) { return ++asked < 3 ? scripted_answer{.is_reset = true} : http_ok(); }};
    running_sandbox sandbox;
    sandbox.make("webhooks", "webhook", hook(url_of(receiver), R"("resource":"account")"));
    sandbox.make("accounts", "account", R"("name":"A")");
    const auto done = settled(sandbox, 1);
    EXPECT_EQ(done.at(0).state, "delivered");
    EXPECT_EQ(done.at(0).attempts.size(), 3U);
}

TEST(Delivery, OfARefusedConnectionIsLost) { // 3.2
    running_sandbox sandbox;
    sandbox.make("webhooks", "webhook",
                 hook("http://127.0.0.1:" + std::to_string(test_servers::unused_port()) + "/",
                      R"("resource":"account")"));
    sandbox.make("accounts", "account", R"("name":"A")");
    EXPECT_EQ(settled(sandbox, 1).at(0).attempts.size(), 4U);
}

TEST(Delivery, WaitsSoLongForAnAnswer) { // 3.1, 3.3
    EXPECT_EQ(delivery_options{}.timeout, 5s);
    for (const bool is_retried : {true, false}) {
        options configured = quick_options();
        configured.delivery.timeout = 50ms;
        configured.delivery.retries_timeouts = is_retried;
        // Longer than all attempts together.
        scripted_server receiver{[](const recorded_request&) {
            std::this_thread::sleep_for(500ms);
            return scripted_answer{.is_last = true};
        }};
        running_sandbox sandbox{configured};
        sandbox.make("webhooks", "webhook", hook(url_of(receiver), R"("resource":"account")"));
        sandbox.make("accounts", "account", R"("name":"A")");
        const auto lost = settled(sandbox, 1);
        EXPECT_EQ(lost.at(0).state, "lost");
        EXPECT_EQ(lost.at(0).attempts.size(), is_retried ? 4U : 1U);
    }
}

TEST(HttpsDelivery, HoldsTheCertificateAgainstTheCaAndTheName) { // 1.2, 13.9
    const auto pair = test_servers::make_certificate("DNS:localhost");
    const std::string file = testing::TempDir() + "sandbox_ca.pem";
    std::ofstream{file} << pair.certificate;
    const auto attempt = [&](const std::string& host, const std::string& ca, bool is_verified) {
        scripted_server receiver{[](const recorded_request&) { return http_ok(); }, pair};
        options configured = quick_options();
        configured.delivery.ca_file = ca;
        configured.delivery.verifies_tls = is_verified;
        running_sandbox sandbox{configured};
        sandbox.make(
            "webhooks", "webhook",
            hook("https://" + host + ":" + std::to_string(receiver.port()) + "/", R"("resource":"account")"));
        sandbox.make("accounts", "account", R"("name":"A")");
        return settled(sandbox, 1).at(0).state;
    };
    EXPECT_EQ(attempt("localhost", file, true), "delivered");
    EXPECT_EQ(attempt("127.0.0.1", file, true), "lost");
    EXPECT_EQ(attempt("localhost", {}, true), "lost");
    EXPECT_EQ(attempt("127.0.0.1", {}, false), "delivered");
    std::remove(file.c_str());
}

TEST(Lifecycle, InstallIsToldToItsOwnUrl) { // 1.24, 1.29 to 1.31
    scripted_server receiver{[](const recorded_request&) { return http_ok(); }};
    running_sandbox sandbox;
    const std::string where = R"({"url":")" + url_of(receiver) + R"(","secret":"bar"})";
    const std::string id = sandbox.control("POST", "installs", where).text("/id");
    EXPECT_EQ(sandbox.control("DELETE", "installs/" + id, where).status, 204U);
    settled(sandbox, 2);
    auto requests = receiver.requests();
    std::ranges::sort(requests, {},
                      [](const recorded_request& each) { return each.body.find("created") > 1000; });
    const json::value body = json::parse(requests.at(0).body);
    EXPECT_EQ(body.at_pointer("/data/type"), "install");
    EXPECT_EQ(body.at_pointer("/data/id"), json::value(id));
    EXPECT_EQ(body.at_pointer("/data/relationships/app/data/id"), json::value(options{}.s2s_guid));
    EXPECT_EQ(body.at_pointer("/meta/eventName"), "install.created");
    EXPECT_THAT(json::value_to<std::string>(body.at_pointer("/meta/deliveredAt")),
                MatchesRegex("[-0-9]+T[:0-9]+"));
    EXPECT_THAT(requests.at(0).headers["outreach-webhook-id"], MatchesRegex("[-0-9a-f]{36}"));
    EXPECT_FALSE(requests.at(0).headers["outreach-webhook-signature"].empty());
    EXPECT_EQ(json::parse(requests.at(1).body).at_pointer("/meta/eventName"), "install.deleted");
}

TEST(Deliveries, AreListed) {
    hooked test{R"("resource":"account")"};
    test.sandbox.make("accounts", "account", R"("name":"A")");
    settled(test.sandbox, 1);
    const json_reply list = test.sandbox.control("GET", "deliveries");
    EXPECT_EQ(list.text("/0/event_name"), "account.created");
    EXPECT_EQ(list.number("/0/webhook"), test.webhook);
    EXPECT_EQ(list.text("/0/state"), "delivered");
    EXPECT_EQ(list.text("/0/attempts/0"), "200");
    EXPECT_EQ(list.text("/0/body"), test.receiver.requests().at(0).body);
    EXPECT_EQ(list.text("/0/event_id"),
              test.receiver.requests().at(0).headers.at("outreach-webhook-event-id"));
}

} // namespace
} // namespace outreachd::sandbox
