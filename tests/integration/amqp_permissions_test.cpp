/// A broker that lets the daemon in, and doesn't let it do all that it is there for.
#include "tests/integration/through_broker.hpp"
#include "tests/integration/wire_client.hpp"
#include "tests/servers/rabbitmq_node.hpp"
#include "tests/servers/tcp_proxy.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <utility>

namespace outreachd::tests {
namespace {

using namespace std::chrono_literals;
using test_servers::rabbitmq_node;
using test_servers::tcp_proxy;
using testing::HasSubstr;
using testing::Not;

rabbitmq_node& broker() {
    return rabbitmq_node::shared();
}

/// Regular expressions.
struct permissions {
    std::string configure = ".*";
    std::string write = ".*";
    std::string read = ".*";
};

/// A user of the broker with a virtual host of its own, and the road there.
class account {
public:
    explicit account(const permissions& first) {
        evaluate("rabbit_auth_backend_internal:add_user(U, <<\"secret\">>, U)");
        permit(first);
    }

    void permit(const permissions& now) const {
        evaluate("rabbit_auth_backend_internal:set_permissions(U, V, " + binary(now.configure) + ", " +
                 binary(now.write) + ", " + binary(now.read) + ", U)");
    }

    std::string evaluate(const std::string& expressions) const {
        return broker().evaluate("V = " + binary(vhost_) + ", U = " + binary("of-" + vhost_) + ", " +
                                 expressions);
    }

    std::string uri() const {
        std::string own = at_port(broker().uri(vhost_), broker().port(), road_.port());
        return own.replace(own.find("guest:guest"), 11, "of-" + vhost_ + ":secret");
    }

    /// To one topic exchange, beside what `permit` says: the names that may be published there.
    void permit_topics(const std::string& names) const {
        evaluate("rabbit_auth_backend_internal:set_topic_permissions(U, V, <<\"outreach.events\">>, " +
                 binary(names) + ", <<>>, U)");
    }

    /// As another program does, to the exchange.
    void bind_a_queue() const {
        evaluate(
            "{new, _} = rabbit_amqqueue:declare(rabbit_misc:r(V, queue, <<\"other\">>), true, false, [], "
            "none, U), ok = rabbit_binding:add({binding, rabbit_misc:r(V, exchange, "
            "<<\"outreach.events\">>), <<\"#\">>, rabbit_misc:r(V, queue, <<\"other\">>), []}, U)");
    }

    /// In all queues.
    std::string messages() const {
        return evaluate("lists:sum([N || [{messages, N}] <- rabbit_amqqueue:info_all(V, [messages])])");
    }

    tcp_proxy& road() { return road_; }

private:
    static std::string binary(const std::string& text) { return "<<\"" + text + "\">>"; }

    const std::string vhost_ = broker().new_vhost();
    tcp_proxy road_{broker().port()};
};

/// How often `what` was so within 3 s, and how often not.
template <typename Question>
std::pair<int, int> in_three_seconds(Question what) {
    std::pair<int, int> count;
    for (const auto until = std::chrono::steady_clock::now() + 3s; std::chrono::steady_clock::now() < until;
         sleep_for(5ms))
        ++(what() ? count.first : count.second);
    return count;
}

std::size_t lines_about_connections(const daemon_under_test& daemon) {
    std::istringstream log(daemon.log());
    std::size_t count = 0;
    for (std::string line; std::getline(log, line);)
        count += line.find("to the broker") != std::string::npos ? 1U : 0U;
    return count;
}

bool is_well(const daemon_under_test& daemon) {
    return status_of(daemon).find("\"reasons\":[]") != std::string::npos;
}

void post(const daemon_under_test& receiver, const std::string& body) {
    wire_client client(receiver.port());
    ASSERT_TRUE(client.send(signed_post(body)));
    ASSERT_EQ(client.read_answer().status, 200);
}

/// The pauses between them double from 200 ms.
constexpr std::size_t connections_in_three_seconds_max = 6;

/// Everything is there and can be declared. The work queues are published to by the default exchange, whose
/// name nobody would guess.
TEST(AmqpPermissions, AReceiverThatMayNotPublishTriesAtGrowingIntervalsAndSaysSo) {
    account own({.configure = "^outreach.*", .write = "^outreach.*", .read = ""});
    daemon_under_test receiver(
        through_broker({.uris = {own.uri()}, .roles = "[receive]", .handlers = "", .routes = ""}));
    receiver.start();
    for (std::uint64_t number = 1; number <= 5; ++number)
        post(receiver, numbered_body(number));
    const auto is_told = [&] {
        return status_of(receiver).find("ACCESS_REFUSED - access to exchange 'amq.default'") !=
               std::string::npos;
    };
    ASSERT_TRUE(eventually(is_told)) << status_of(receiver);
    own.bind_a_queue();
    const std::size_t before = own.road().connections();
    const auto [told, untold] = in_three_seconds(is_told);
    EXPECT_GT(told, 0);
    EXPECT_EQ(untold, 0) << "it comes and goes";
    EXPECT_LE(own.road().connections() - before, connections_in_three_seconds_max);
    EXPECT_EQ(own.messages(), "0") << "other programs get it again and again";
    EXPECT_LE(lines_about_connections(receiver), 5U) << receiver.log();
    EXPECT_THAT(status_of(receiver), Not(HasSubstr("single events"))) << "it is no event's fault";
    own.permit({});
    EXPECT_TRUE(has_published_all(receiver)) << status_of(receiver);
    EXPECT_EQ(own.messages(), "10");
    EXPECT_TRUE(eventually([&] { return is_well(receiver); })) << status_of(receiver);
}

TEST(AmqpPermissions, AWorkerThatMayNotTakeItsQueuesTriesAtGrowingIntervalsAndSaysSo) {
    account own({.configure = "^outreach[.]events$|^outreachd[.]work[.][0-9]+$|^outreachd[.]workers.*"});
    daemon_under_test worker(through_broker({.uris = {own.uri()}, .roles = "[work]"}));
    worker.begin_start();
    const auto is_told = [&] {
        const std::string ready = worker.admin_get("/readyz");
        return ready.starts_with("503") && ready.find("ACCESS_REFUSED") != std::string::npos;
    };
    ASSERT_TRUE(eventually(is_told)) << worker.log();
    const std::size_t before = own.road().connections();
    const auto [told, untold] = in_three_seconds(is_told);
    EXPECT_GT(told, 0);
    EXPECT_EQ(untold, 0) << "it comes and goes";
    EXPECT_LE(own.road().connections() - before, connections_in_three_seconds_max);
    EXPECT_LE(lines_about_connections(worker), 16U) << "of each queue once\n" << worker.log();
    own.permit({});
    EXPECT_TRUE(eventually([&] { return work_queues_of(worker).size() == 8; })) << status_of(worker);
    EXPECT_TRUE(eventually([&] { return is_well(worker); })) << status_of(worker);
}

/// The broker closes the channel over it and doesn't say which it was, nor whether others fare better.
TEST(AmqpPermissions, AnEventWhoseNameMayNotBePublishedIsPutOffAlone) {
    account own({});
    own.permit_topics("^task[.]");
    own.road().refuse(true);
    daemon_under_test receiver(
        through_broker({.uris = {own.uri()}, .roles = "[receive]", .handlers = "", .routes = ""}));
    receiver.start();
    const std::string denied =
        R"({"data":{"type":"prospect","id":1},"meta":{"eventName":"prospect.updated"}})";
    post(receiver, denied);
    for (std::uint64_t number = 1; number <= 20; ++number)
        post(receiver, numbered_body(number));
    own.road().refuse(false);
    const auto is_published = [&](double events) {
        return eventually([&] { return receiver.metric("outreachd_published_total") == events; });
    };
    const auto waits_for_broker = [&](double events) {
        return eventually([&] { return receiver.metric("outreachd_outbox") == events; });
    };
    EXPECT_TRUE(is_published(20)) << status_of(receiver);
    EXPECT_TRUE(eventually([&] { return status_of(receiver).find("single events: ") != std::string::npos; }))
        << status_of(receiver);
    EXPECT_THAT(status_of(receiver), HasSubstr("ACCESS_REFUSED - access to topic 'prospect.updated'"));
    EXPECT_TRUE(waits_for_broker(1));
    post(receiver, R"({"data":{"type":"prospect","id":2},"meta":{"eventName":"prospect.updated"}})");
    post(receiver, numbered_body(21));
    EXPECT_TRUE(is_published(21)) << status_of(receiver);
    EXPECT_TRUE(eventually([&] { return receiver.metric("outreachd_publish_refused_total") >= 2; }));
    EXPECT_TRUE(waits_for_broker(2));
    EXPECT_LE(own.road().connections(), 8U);
}

} // namespace
} // namespace outreachd::tests
