/// What another program gets that is bound to the exchange.
#include "tests/integration/through_broker.hpp"
#include "tests/integration/wire_client.hpp"
#include "tests/samples.hpp"
#include "tests/servers/rabbitmq_node.hpp"

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <set>

namespace outreachd::tests {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

test_servers::rabbitmq_node& broker() {
    return test_servers::rabbitmq_node::shared();
}

/// Lines of `bound_consumer.py`, which waits for events of other senders.
class bound_consumer {
public:
    bound_consumer(const std::string& uri, const std::string& routing_key, std::size_t count) {
        const std::string command =
            std::string("exec " OUTREACHD_SOURCES "/tests/integration/bound_consumer.py '") + uri +
            "' outreach.events '" + routing_key + "' " + std::to_string(count);
        pipe_ = ::popen(command.c_str(), "re");
        EXPECT_EQ(line(), "bound");
    }

    ~bound_consumer() { ::pclose(pipe_); }

    bound_consumer(const bound_consumer&) = delete;
    bound_consumer& operator=(const bound_consumer&) = delete;

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

TEST(Amqp, AProgramWithAnotherLibraryGetsTheExactBytes) {
    const std::string uri = broker().uri(broker().new_vhost());
    daemon_under_test receiver(
        through_broker({.uris = {uri}, .roles = "[receive]", .handlers = "", .routes = ""}));
    receiver.start();
    ASSERT_TRUE(eventually([&] { return status_of(receiver).find("\"reasons\":[]") != std::string::npos; }));
    std::vector<sample> tasks;
    for (const sample& one : load_samples())
        if (one.name.starts_with("task."))
            tasks.push_back(one);
    ASSERT_FALSE(tasks.empty());
    bound_consumer consumer(uri, "task.*", tasks.size());
    wire_client client(receiver.port());
    std::size_t count = 0;
    for (const sample& one : load_samples()) { // those of other resources don't come
        const std::string fields = "Outreach-Webhook-Event-Id: from-the-header-" + std::to_string(count++) +
                                   "\r\nOutreach-Webhook-Cleanup-Token: a-credential\r\n";
        ASSERT_TRUE(client.send(signed_post(one.body, fields)));
        ASSERT_EQ(client.read_answer(5s).status, 200);
    }
    std::set<std::string> bodies;
    for (std::size_t i = 0; i < tasks.size(); ++i) {
        const std::string line = consumer.line();
        const auto told = boost::json::parse(line).as_object();
        const std::string body{told.at("body_hex").as_string()};
        const auto sent =
            std::ranges::find_if(tasks, [&](const sample& one) { return hex_of(one.body) == body; });
        ASSERT_NE(sent, tasks.end()) << line;
        bodies.insert(body);
        EXPECT_EQ(told.at("routing_key"), sent->name.c_str());
        EXPECT_EQ(told.at("type"), sent->name.c_str());
        EXPECT_EQ(told.at("content_type"), "application/vnd.api+json");
        EXPECT_EQ(told.at("app_id"), "outreachd");
        EXPECT_EQ(told.at("delivery_mode"), 2);
        const auto shown =
            receiver.command({"events", "show", std::string(told.at("message_id").as_string())});
        EXPECT_THAT(shown.out, HasSubstr(sent->name)) << "the message id is the event's";
        const auto& headers = told.at("headers").as_object();
        EXPECT_EQ(headers.at("cloudEvents_id"), told.at("message_id"));
        EXPECT_EQ(headers.at("cloudEvents_type"), sent->name.c_str());
        EXPECT_EQ(headers.at("cloudEvents_specversion"), "1.0");
        EXPECT_THAT(std::string(headers.at("Outreach-Webhook-Event-Id").as_string()),
                    testing::StartsWith("from-the-header-"));
        EXPECT_TRUE(headers.contains("traceparent"));
        EXPECT_THAT(line, Not(HasSubstr("a-credential")));
    }
    EXPECT_EQ(bodies.size(), tasks.size());
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
}

} // namespace
} // namespace outreachd::tests
