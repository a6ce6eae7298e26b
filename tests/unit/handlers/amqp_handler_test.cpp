/// The `amqp` handler against a real broker.
#include "daemon/amqp_connection/connection.hpp"
#include "handlers/amqp_handler.hpp"
#include "handlers/amqp_pool.hpp"
#include "handlers/registry.hpp"
#include "tests/servers/rabbitmq_node.hpp"
#include "tests/servers/scripted_server.hpp"
#include "tests/servers/tcp_proxy.hpp"
#include "tests/unit/handlers/attempts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <thread>

#include <amqp.h>
#include <amqp_tcp_socket.h>

namespace outreachd::handlers {
namespace {

using namespace std::chrono_literals;
using amqp_connection::connection;
using test_servers::rabbitmq_node;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

using steady = std::chrono::steady_clock;

constexpr auto patience = 20s;
constexpr const char* task_body =
    R"({"data":{"type":"task","id":7,"attributes":{"region":"n\u00f6rd"}},"meta":{"eventName":"task.completed"}})";

amqp_connection::options options_for(const std::string& uri) {
    amqp_connection::options made;
    made.nodes = {*parse_amqp_uri(uri)};
    return made;
}

/// A vhost of its own, an exchange, a queue that is bound to it for `task.*`, and somebody who reads it.
class amqp_handling : public testing::Test {
protected:
    amqp_handling() {
        reader_.open_channel(1);
        reader_.declare_topic_exchange(1, "events");
        reader_.declare_queue(1, "q", {.kind = amqp_connection::queue_kind::classic});
        bind("q", "events", "task.*");
        configured_.exchange = "events";
        configured_.nodes.uris = {secret{node_.uri(vhost_)}};
    }

    void bind(const char* queue, const char* exchange, const char* key) const {
        amqp_connection_state_t raw = amqp_new_connection();
        amqp_socket_t* const socket = amqp_tcp_socket_new(raw);
        ASSERT_EQ(amqp_socket_open(socket, "127.0.0.1", node_.port()), AMQP_STATUS_OK);
        amqp_login(raw, vhost_.c_str(), 0, 131072, 0, AMQP_SASL_METHOD_PLAIN, "guest", "guest");
        amqp_channel_open(raw, 1);
        amqp_queue_bind(raw, 1, amqp_cstring_bytes(queue), amqp_cstring_bytes(exchange),
                        amqp_cstring_bytes(key), amqp_empty_table);
        EXPECT_EQ(amqp_get_rpc_reply(raw).reply_type, AMQP_RESPONSE_NORMAL);
        amqp_connection_close(raw, AMQP_REPLY_SUCCESS);
        amqp_destroy_connection(raw);
    }

    std::unique_ptr<handler> make() const {
        return make_amqp_handler("bus", configured_, std::make_shared<expression::engine>(4));
    }

    /// The next message of the queue; acked.
    amqp_connection::delivered receive() {
        if (!is_consuming_)
            reader_.consume(1, "q", "c");
        is_consuming_ = true;
        auto told = reader_.next(patience);
        auto* const got = told ? std::get_if<amqp_connection::delivered>(&*told) : nullptr;
        if (got == nullptr) {
            ADD_FAILURE() << "no message came";
            return {};
        }
        reader_.ack(1, got->tag, false);
        return std::move(*got);
    }

    static std::map<std::string, std::string> headers_of(const amqp_connection::delivered& got) {
        std::map<std::string, std::string> made;
        for (const header& one : got.what.headers)
            EXPECT_TRUE(made.emplace(one.name, one.value).second) << one.name << " stands there twice";
        return made;
    }

    static attempt attempt_within(std::chrono::milliseconds time) {
        attempt what = test::make_attempt(task_body);
        what.deadline = steady::now() + time;
        return what;
    }

    rabbitmq_node& node_ = rabbitmq_node::shared();
    std::string vhost_ = node_.new_vhost();
    amqp_connection::watchdog guard_;
    connection reader_{options_for(node_.uri(vhost_)), guard_};
    bool is_consuming_ = false;
    settings::amqp_handler configured_;
};

void expect_retry(const outcome& said) {
    EXPECT_EQ(said.verdict, outcome::kind::retry) << said.reason;
}

TEST_F(amqp_handling, PublishesTheEventWithItsProperties) {
    auto subject = test::make_event(task_body);
    subject->content_type = "application/vnd.api+json";
    subject->headers = {{"Outreach-Org-Id", "o-1"}};
    subject->cleanup_token = secret{"credential"};
    attempt what = test::make_attempt(task_body);
    what.subject = subject;
    EXPECT_EQ(make()->handle(what).verdict, outcome::kind::done);

    const auto got = receive();
    EXPECT_EQ(got.exchange, "events");
    EXPECT_EQ(got.routing_key, "task.completed");
    EXPECT_EQ(got.what.body, task_body);
    EXPECT_EQ(got.what.message_id, "019aa000-0000-7000-8000-000000000001");
    EXPECT_EQ(got.what.type, "task.completed");
    EXPECT_EQ(got.what.content_type, "application/vnd.api+json");
    EXPECT_EQ(got.what.app_id, "outreachd");
    EXPECT_EQ(got.what.timestamp, 1795249375U);
    auto headers = headers_of(got);
    EXPECT_EQ(headers["outreachd_delivery_id"], "019aa000-0000-5000-8000-000000000002");
    EXPECT_EQ(headers["outreachd_endpoint"], "/webhooks/outreach");
    EXPECT_EQ(headers["cloudEvents_subject"], "task/7");
    EXPECT_EQ(headers["cloudEvents_source"], "outreach");
    EXPECT_EQ(headers["Outreach-Org-Id"], "o-1");
    EXPECT_THAT(headers["traceparent"], StartsWith("00-019aa000000070008000000000000001-"));
    for (const auto& [name, value] : headers)
        EXPECT_NE(value, "credential") << name;
}

TEST_F(amqp_handling, FillsRoutingKeyAndHeadersIn) {
    configured_.routing_key = "task.${{ .data.id }}";
    configured_.headers = {{"region", "${{ .data.attributes.region }}"},
                           {"all", "${{ .data.attributes }}"},
                           {"plain", "text"},
                           {"cloudEvents_source", "urn:crm"}};
    EXPECT_EQ(make()->handle(test::make_attempt(task_body)).verdict, outcome::kind::done);
    const auto got = receive();
    EXPECT_EQ(got.routing_key, "task.7");
    auto headers = headers_of(got);
    EXPECT_EQ(headers["region"], "n\xC3\xB6rd");
    EXPECT_EQ(headers["all"], "{\"region\":\"n\xC3\xB6rd\"}");
    EXPECT_EQ(headers["plain"], "text");
    EXPECT_EQ(headers["cloudEvents_source"], "urn:crm");
}

TEST_F(amqp_handling, IsDeadWhereAnExpressionGivesWhatCantBeSent) {
    struct bad_text {
        const char* label;
        std::string routing_key;
        std::string header;
        const char* reason;
    };

    const bad_text texts[] = {
        {"key of 256 bytes", "${{ \"x\" * 256 }}", "a",
         "routing_key: what its expressions give has 256 bytes"},
        {"null as key", "${{ .nothing }}", "a", "routing_key: ${{ .nothing }}: gives null"},
        {"line break in a header", "task.a", "${{ \"a\\nb\" }}",
         "headers.h: ${{ \"a\\nb\" }}: gives a line break"},
        {"jq fails", "task.a", "${{ .data.id.x }}", "headers.h: ${{ .data.id.x }}: jq: "},
        {"headers over a frame", "task.a", "${{ \"x\" * 140000 }}", "the headers take"}};
    for (const bad_text& bad : texts) {
        configured_.routing_key = bad.routing_key;
        configured_.headers = {{"h", bad.header}};
        const outcome said = make()->handle(test::make_attempt(task_body));
        EXPECT_EQ(said.verdict, outcome::kind::dead) << bad.label;
        EXPECT_THAT(said.reason, HasSubstr(bad.reason)) << bad.label;
    }
    configured_.headers.clear();
    configured_.routing_key = "task.${{ \"x\" * 250 }}";
    EXPECT_EQ(make()->handle(test::make_attempt(task_body)).verdict, outcome::kind::done);
    EXPECT_EQ(receive().routing_key.size(), 255U);
}

TEST_F(amqp_handling, PublishesToTheDefaultExchange) {
    configured_.exchange = "";
    configured_.routing_key = "q";
    configured_.is_mandatory = true;
    EXPECT_EQ(make()->handle(test::make_attempt(task_body)).verdict, outcome::kind::done);
    EXPECT_EQ(receive().what.body, task_body);
}

TEST_F(amqp_handling, LosesNothingInSilenceWhereItIsMandatory) {
    configured_.routing_key = "nobody.listens";
    EXPECT_EQ(make()->handle(test::make_attempt(task_body)).verdict, outcome::kind::done);
    configured_.is_mandatory = true;
    const auto handling = make();
    const outcome said = handling->handle(test::make_attempt(task_body));
    expect_retry(said);
    EXPECT_THAT(said.reason, AllOf(HasSubstr("exchange 'events'"), HasSubstr("no queue is bound"),
                                   HasSubstr("'nobody.listens'")));
    bind("q", "events", "nobody.*");
    EXPECT_EQ(handling->handle(test::make_attempt(task_body)).verdict, outcome::kind::done);
    EXPECT_EQ(receive().routing_key, "nobody.listens");
}

TEST_F(amqp_handling, TriesAgainUntilTheExchangeIsThere) {
    configured_.exchange = "later";
    const auto handling = make();
    for (int n = 0; n < 2; ++n) {
        const outcome said = handling->handle(test::make_attempt(task_body));
        expect_retry(said);
        EXPECT_THAT(said.reason, HasSubstr("NOT_FOUND - no exchange 'later'"));
    }
    reader_.declare_topic_exchange(1, "later");
    EXPECT_EQ(handling->handle(test::make_attempt(task_body)).verdict, outcome::kind::done);
}

TEST_F(amqp_handling, TriesAgainWhatAFullQueueRefuses) {
    reader_.declare_queue(1, "full",
                          {.kind = amqp_connection::queue_kind::classic, .rejects_when_full = true});
    node_.ctl({"set_policy", "--vhost", vhost_, "small", "full", R"({"max-length":1})"});
    configured_.exchange = "";
    configured_.routing_key = "full";
    const auto handling = make();
    outcome said;
    for (int n = 0; n < 10 && said.verdict == outcome::kind::done; ++n)
        said = handling->handle(test::make_attempt(task_body));
    expect_retry(said);
    EXPECT_THAT(said.reason, HasSubstr("refuses the message (nack)"));
}

TEST_F(amqp_handling, IsDeadWhereTheBrokerNeverTakesIt) {
    const std::string limit = node_.evaluate("{ok, M} = application:get_env(rabbit, max_message_size), M");
    node_.evaluate("application:set_env(rabbit, max_message_size, 10)");
    const outcome said = make()->handle(test::make_attempt(task_body));
    node_.evaluate("application:set_env(rabbit, max_message_size, " + limit + ")");
    EXPECT_EQ(said.verdict, outcome::kind::dead);
    EXPECT_THAT(said.reason, HasSubstr("PRECONDITION_FAILED - message size"));
}

TEST_F(amqp_handling, TriesAgainWithoutALoginAndTellsNoPassword) {
    configured_.nodes.uris = {
        secret{"amqp://guest:wrong-word@127.0.0.1:" + std::to_string(node_.port()) + "/" + vhost_}};
    const outcome said = make()->handle(test::make_attempt(task_body));
    expect_retry(said);
    EXPECT_THAT(said.reason,
                AllOf(HasSubstr("ACCESS_REFUSED"), Not(HasSubstr("wrong-word")), Not(HasSubstr("guest"))));
}

TEST_F(amqp_handling, TriesAgainWhereNobodyListens) {
    configured_.nodes.uris = {
        secret{"amqp://127.0.0.1:" + std::to_string(test_servers::unused_port()) + "/" + vhost_}};
    const outcome said = make()->handle(test::make_attempt(task_body));
    expect_retry(said);
    EXPECT_THAT(said.reason, HasSubstr("Connection refused"));
}

TEST_F(amqp_handling, UsesAConnectionAgain) {
    test_servers::tcp_proxy proxy{node_.port()};
    configured_.nodes.uris = {secret{"amqp://127.0.0.1:" + std::to_string(proxy.port()) + "/" + vhost_}};
    const auto handling = make();
    for (int n = 0; n < 5; ++n)
        EXPECT_EQ(handling->handle(test::make_attempt(task_body)).verdict, outcome::kind::done);
    EXPECT_EQ(proxy.connections(), 1U);
}

TEST_F(amqp_handling, ReplacesAConnectionThatHasDiedMeanwhile) {
    test_servers::tcp_proxy proxy{node_.port()};
    configured_.nodes.uris = {secret{"amqp://127.0.0.1:" + std::to_string(proxy.port()) + "/" + vhost_}};
    const auto handling = make();
    EXPECT_EQ(handling->handle(test::make_attempt(task_body)).verdict, outcome::kind::done);
    proxy.cut();
    EXPECT_EQ(handling->handle(test::make_attempt(task_body)).verdict, outcome::kind::done);
    EXPECT_EQ(proxy.connections(), 2U);
    EXPECT_EQ(receive().what.body, task_body);
    EXPECT_EQ(receive().what.body, task_body);
}

TEST_F(amqp_handling, ComesBackAfterTheBroker) {
    reader_.close_channel(1);
    const auto handling = make();
    EXPECT_EQ(handling->handle(test::make_attempt(task_body)).verdict, outcome::kind::done);
    node_.kill();
    expect_retry(handling->handle(test::make_attempt(task_body)));
    node_.start();
    EXPECT_EQ(handling->handle(test::make_attempt(task_body)).verdict, outcome::kind::done);
}

TEST_F(amqp_handling, ReturnsByItsDeadline) {
    const auto handling = make();
    EXPECT_EQ(handling->handle(attempt_within(20s)).verdict, outcome::kind::done);
    node_.freeze();
    // One has a connection, the other makes one.
    for (int n = 0; n < 2; ++n) {
        const auto begun = steady::now();
        const outcome said = handling->handle(attempt_within(700ms));
        EXPECT_LT(steady::now() - begun, 3s);
        expect_retry(said);
    }
    node_.thaw();
    EXPECT_EQ(handling->handle(attempt_within(20s)).verdict, outcome::kind::done);
}

TEST_F(amqp_handling, NamesAnAlarmAndSendsNothingMoreUnderIt) {
    const auto handling = make();
    EXPECT_EQ(handling->handle(attempt_within(20s)).verdict, outcome::kind::done);
    EXPECT_EQ(receive().what.body, task_body);
    node_.set_memory_alarm(true);
    for (int n = 0; n < 3; ++n) {
        const outcome said = handling->handle(attempt_within(500ms));
        expect_retry(said);
        EXPECT_THAT(said.reason, HasSubstr("takes nothing now (an alarm"));
    }
    node_.set_memory_alarm(false);
    EXPECT_EQ(handling->handle(attempt_within(20s)).verdict, outcome::kind::done);
    // The first was on its way when the alarm was told; the two after it sent nothing.
    EXPECT_EQ(receive().what.body, task_body);
    EXPECT_EQ(receive().what.body, task_body);
    EXPECT_FALSE(reader_.next(300ms).has_value());
}

TEST_F(amqp_handling, AbandonEndsWhatWaits) {
    test_servers::tcp_proxy proxy{node_.port()};
    configured_.nodes.uris = {secret{"amqp://127.0.0.1:" + std::to_string(proxy.port()) + "/" + vhost_}};
    const auto handling = make();
    EXPECT_EQ(handling->handle(attempt_within(20s)).verdict, outcome::kind::done);
    proxy.stall(true);
    std::thread ending{[&] {
        std::this_thread::sleep_for(200ms); // so that it mostly waits by then; it holds either way
        handling->abandon();
    }};
    const auto begun = steady::now();
    expect_retry(handling->handle(attempt_within(60s)));
    ending.join();
    EXPECT_LT(steady::now() - begun, 5s);
}

TEST_F(amqp_handling, ServesManyThreadsAtOnce) {
    constexpr int threads = 8;
    constexpr int each = 40;
    test_servers::tcp_proxy proxy{node_.port()};
    configured_.nodes.uris = {secret{"amqp://127.0.0.1:" + std::to_string(proxy.port()) + "/" + vhost_}};
    configured_.headers = {{"number", "${{ .data.id }}"}};
    const auto handling = make();
    std::vector<std::thread> running;
    for (int thread = 0; thread < threads; ++thread)
        running.emplace_back([&, thread] {
            for (int n = 0; n < each; ++n) {
                const std::string number = std::to_string(thread * each + n);
                const outcome said =
                    handling->handle(test::make_attempt(R"({"data":{"type":"task","id":)" + number +
                                                        R"(},"meta":{"eventName":"task.completed"}})"));
                EXPECT_EQ(said.verdict, outcome::kind::done) << said.reason;
            }
        });
    for (std::thread& one : running)
        one.join();
    EXPECT_LE(proxy.connections(), static_cast<std::size_t>(threads));
    std::set<std::string> numbers;
    for (int n = 0; n < threads * each; ++n)
        numbers.insert(headers_of(receive())["number"]);
    EXPECT_EQ(numbers.size(), static_cast<std::size_t>(threads * each));
}

TEST_F(amqp_handling, IsMadeFromSettings) {
    log::logger log(log::level::error, log::format::json);
    settings::handler one;
    one.name = "bus";
    one.type = configured_;
    const auto handling = make_handler(one, log, std::make_shared<expression::engine>(1));
    EXPECT_EQ(handling->handle(test::make_attempt(task_body)).verdict, outcome::kind::done);
    EXPECT_THAT(node_.ctl({"list_connections", "--silent", "vhost", "client_properties"}),
                HasSubstr("{\"connection_name\",\"outreachd handler bus\"}"));
}

TEST_F(amqp_handling, PoolClosesWhatNobodyNeeds) {
    amqp_pool pool{options_for(node_.uri(vhost_)), 300ms};
    pool.give_back(pool.open(steady::now() + patience));
    pool.give_back(pool.open(steady::now() + patience));
    // The reader's has a channel.
    const auto is_one_listed = [&] {
        return node_.ctl({"list_connections", "--silent", "vhost", "channels"}).find(vhost_ + "\t0") !=
               std::string::npos;
    };
    const auto give_up = steady::now() + patience;
    while (is_one_listed() && steady::now() < give_up)
        ;
    EXPECT_FALSE(is_one_listed());
    EXPECT_EQ(pool.take_idle(), nullptr);
}

} // namespace
} // namespace outreachd::handlers
