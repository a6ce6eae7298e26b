/// What another program gets that is bound to the exchange.
#include "daemon/event/timestamp.hpp"
#include "tests/integration/ordered_load.hpp"
#include "tests/integration/shared_broker.hpp"
#include "tests/integration/through_broker.hpp"
#include "tests/integration/wire_client.hpp"
#include "tests/samples.hpp"
#include "tests/servers/rabbitmq_node.hpp"

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <map>
#include <set>

namespace outreachd::tests {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

/// Lines of `bound_consumer.py`, up to the event of the name `last`.
class bound_consumer {
public:
    bound_consumer(const std::string& uri, const std::string& routing_key, const std::string& last) {
        const std::string command =
            std::string("exec " OUTREACHD_SOURCES "/tests/integration/bound_consumer.py '") + uri +
            "' outreach.events '" + routing_key + "' " + last;
        pipe_ = ::popen(command.c_str(), "re");
        EXPECT_EQ(line(), "bound");
    }

    ~bound_consumer() { ::pclose(pipe_); }

    bound_consumer(const bound_consumer&) = delete;
    bound_consumer& operator=(const bound_consumer&) = delete;

    /// Empty at the end.
    std::string line() {
        std::string text;
        for (int c = std::getc(pipe_); c != EOF && c != '\n'; c = std::getc(pipe_))
            text += static_cast<char>(c);
        return text;
    }

private:
    std::FILE* pipe_ = nullptr;
};

std::string hex_of(std::string_view bytes) {
    std::string text;
    for (const char byte : bytes)
        for (const int shift : {4, 0})
            text += "0123456789abcdef"[static_cast<unsigned char>(byte) >> shift & 15];
    return text;
}

/// What deploy/rabbitmq.md says of each message, whatever it carries. `headers`: all that it may have.
void expect_properties(const boost::json::object& told, const std::string& name,
                       const std::set<std::string>& headers) {
    EXPECT_EQ(told.at("routing_key"), name.c_str());
    EXPECT_EQ(told.at("type"), name.c_str());
    EXPECT_EQ(told.at("content_type"), "application/vnd.api+json");
    EXPECT_EQ(told.at("app_id"), "outreachd");
    EXPECT_EQ(told.at("delivery_mode"), 2);
    std::set<std::string> there;
    for (const auto& one : told.at("headers").as_object())
        there.emplace(one.key());
    EXPECT_EQ(there, headers);
    const auto header = [&](const char* which) {
        const boost::json::value* const found = told.at("headers").as_object().if_contains(which);
        return found != nullptr ? std::string{found->as_string()} : std::string{};
    };
    EXPECT_EQ(header("cloudEvents_id"), told.at("message_id").as_string());
    EXPECT_EQ(header("cloudEvents_type"), name);
    EXPECT_EQ(header("cloudEvents_specversion"), "1.0");
    EXPECT_EQ(header("cloudEvents_source"), "outreach");
    EXPECT_EQ(header("outreachd_endpoint"), "/webhooks/outreach");
    const auto time = parse_timestamp(header("cloudEvents_time"));
    ASSERT_TRUE(time) << header("cloudEvents_time");
    EXPECT_LT(std::chrono::abs(std::chrono::system_clock::now() - *time), 1min) << "of the receipt";
    EXPECT_EQ(told.at("timestamp"),
              std::chrono::floor<std::chrono::seconds>(time->time_since_epoch()).count());
}

TEST(Amqp, AProgramWithAnotherLibraryGetsTheExactBytes) {
    const std::string uri = broker().uri(broker().new_vhost());
    daemon_under_test receiver(
        through_broker({.uris = {uri}, .roles = "[receive]", .handlers = "", .routes = ""}));
    receiver.start();
    ASSERT_TRUE(eventually([&] { return status_of(receiver).find("\"reasons\":[]") != std::string::npos; }));
    std::map<std::string, sample> tasks; // by their bodies
    for (const sample& one : load_samples())
        if (one.name.starts_with("task."))
            tasks.emplace(hex_of(one.body), one);
    ASSERT_FALSE(tasks.empty());
    bound_consumer consumer(uri, "task.*", "task.last");
    ordered_load senders({receiver.port()});
    wire_client client(receiver.port());
    std::size_t count = 0;
    for (const sample& one : load_samples()) { // those of other resources don't come
        const std::string fields = "Outreach-Webhook-Event-Id: from-the-header-" + std::to_string(count++) +
                                   "\r\nOutreach-Webhook-Cleanup-Token: a-credential\r\n";
        ASSERT_TRUE(client.send(signed_post(one.body, fields)));
        ASSERT_EQ(client.read_answer(5s).status, 200);
        sleep_for(30ms);
    }
    const ordered_load::tally beside = senders.stop();
    expect_all_answered(beside);
    // Only so is it the last: records don't wait for each other.
    ASSERT_TRUE(eventually([&] { return receiver.metric("outreachd_outbox") == 0; }));
    ASSERT_TRUE(client.send(signed_post(R"({"data":{"type":"task"},"meta":{"eventName":"task.last"}})")));
    ASSERT_EQ(client.read_answer(5s).status, 200);

    std::set<std::string> headers = {"cloudEvents_id",   "cloudEvents_source", "cloudEvents_specversion",
                                     "cloudEvents_time", "cloudEvents_type",   "cloudEvents_subject",
                                     "traceparent",      "outreachd_endpoint"};
    std::set<std::string> headers_of_sample = headers;
    headers_of_sample.insert("Outreach-Webhook-Event-Id");
    std::set<std::string> samples_seen;
    std::map<std::string, std::uint64_t> numbers; // of the load's resources
    for (std::string line = consumer.line(); !line.empty() && !testing::Test::HasFailure();
         line = consumer.line()) {
        const auto told = boost::json::parse(line).as_object();
        const std::string body{told.at("body_hex").as_string()};
        const std::string subject{told.at("headers").at("cloudEvents_subject").as_string()};
        const auto sent = tasks.find(body);
        if (sent == tasks.end()) {
            expect_properties(told, "task.completed", headers);
            const std::string resource = subject.substr(subject.find('/') + 1);
            EXPECT_EQ(body, hex_of(ordered_load::body_of(resource, ++numbers[resource]))) << line;
            continue;
        }
        samples_seen.insert(body);
        expect_properties(told, sent->second.name, headers_of_sample);
        EXPECT_EQ(subject, "task/" + sent->second.resource_id);
        const auto shown =
            receiver.command({"events", "show", std::string(told.at("message_id").as_string())});
        EXPECT_THAT(shown.out, HasSubstr(sent->second.name)) << "the message id is the event's";
        EXPECT_THAT(std::string(told.at("headers").at("Outreach-Webhook-Event-Id").as_string()),
                    testing::StartsWith("from-the-header-"));
        EXPECT_THAT(line, Not(HasSubstr("a-credential")));
        EXPECT_THAT(line, Not(HasSubstr(signature_of(sent->second.body))));
    }
    EXPECT_EQ(samples_seen.size(), tasks.size());
    EXPECT_EQ(numbers, beside.last_acked);
}

/// What a program's own queue refuses is published to it later. Nothing that it isn't bound for waits with
/// it, not even behind the first event after a connect.
TEST(Amqp, AFullQueueOfAnotherProgramHoldsUpNothingElse) {
    const std::string uri = broker().uri(broker().new_vhost());
    daemon_under_test daemon(through_broker({.uris = {uri}, .keys = ", partitions: 1"}));
    daemon.start(); // which makes the exchange
    ASSERT_TRUE(eventually([&] { return work_queues_of(daemon).size() == 1; }));
    ASSERT_EQ(daemon.stop(), 0);
    const finished_process bound = run_program(
        {"/usr/bin/python3", "-c",
         "import pika, sys\n"
         "channel = pika.BlockingConnection(pika.URLParameters(sys.argv[1])).channel()\n"
         "channel.queue_declare('full', durable=True, arguments={'x-max-length': 0, 'x-overflow': "
         "'reject-publish'})\n"
         "channel.queue_bind('full', 'outreach.events', 'task.#')\n",
         uri});
    ASSERT_EQ(bound.exit_code, 0) << bound.err;

    daemon.start();
    wire_client client(daemon.port());
    const auto post = [&client](const char* type, const char* name) {
        EXPECT_TRUE(
            client.send(signed_post(std::string{R"({"data":{"type":")"} + type +
                                    R"(","id":"1","attributes":{}},"meta":{"eventName":")" + name + "\"}}")));
        EXPECT_EQ(client.read_answer().status, 200);
    };
    post("task", "task.completed");
    ASSERT_TRUE(eventually([&] { return daemon.delivered().size() == 1; }));
    EXPECT_TRUE(eventually([&] { return status_of(daemon).find("is full") != std::string::npos; }))
        << status_of(daemon);
    post("prospect", "prospect.created");
    post("prospect", "prospect.updated");
    EXPECT_TRUE(eventually([&] { return daemon.delivered().size() == 3; }, 10s)) << status_of(daemon);
    ASSERT_EQ(daemon.stop(), 0);
    daemon.start();
    EXPECT_TRUE(eventually([&] { return status_of(daemon).find("is full") != std::string::npos; }))
        << "it still waits: " << status_of(daemon);
    EXPECT_EQ(daemon.metric("outreachd_outbox"), 1);
    EXPECT_EQ(daemon.metric("outreachd_taken_in_repeats_total"), 0) << "its work queue has it";
}

} // namespace
} // namespace outreachd::tests
