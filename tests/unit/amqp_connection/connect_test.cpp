/// Connecting and logging in, and what is said where that fails.
#include "tests/servers/bare_client.hpp"
#include "tests/servers/scripted_server.hpp"
#include "tests/servers/tcp_proxy.hpp"
#include "tests/unit/amqp_connection/connection_under_test.hpp"

#include <gmock/gmock.h>

namespace outreachd::amqp_connection::test {
namespace {

using namespace std::chrono_literals;
using test_servers::rabbitmq_node;
using test_servers::tcp_proxy;
using testing::AllOf;
using testing::AnyOf;
using testing::HasSubstr;
using testing::Not;

std::string uri_of(std::uint16_t port) {
    return "amqp://guest:pass-word@127.0.0.1:" + std::to_string(port);
}

amqp_error error_of_connecting(const options& how) {
    return error_of([&] {
        watchdog guard;
        const connection broker{how, guard};
    });
}

TEST(Connect, ShowsItsNameAndNode) {
    rabbitmq_node& node = rabbitmq_node::shared();
    const std::string vhost = node.new_vhost();
    opened to{options_for({node.uri(vhost)})};
    EXPECT_EQ(to.broker.node(), "amqp://127.0.0.1:" + std::to_string(node.port()) + "/" + vhost);
    EXPECT_EQ(to.broker.node_index(), 0U);
    const std::string listed =
        node.ctl({"list_connections", "--silent", "vhost", "timeout", "frame_max", "client_properties"});
    const std::size_t own = listed.find(vhost + "\t5\t131072\t");
    ASSERT_NE(own, std::string::npos) << listed;
    EXPECT_THAT(listed.substr(own),
                AllOf(HasSubstr("{\"connection_name\",\"a test\"}"), HasSubstr("{\"product\",\"outreachd\"}"),
                      HasSubstr("{\"connection.blocked\",true}"), HasSubstr("{\"basic.nack\",true}")));
}

TEST(Connect, IsRefusedWithAWrongPassword) {
    options how = options_for({rabbitmq_node::shared().uri()});
    how.nodes[0].password = secret{"wrong-word"};
    const amqp_error error = error_of_connecting(how);
    EXPECT_EQ(error.kind(), trouble::refused);
    EXPECT_EQ(error.reply_code(), 403);
    EXPECT_EQ(error.closed_channel(), 0);
    EXPECT_THAT(error.what(),
                AllOf(HasSubstr("can't log in: ACCESS_REFUSED - Login was refused"),
                      HasSubstr("amqp://127.0.0.1:"), Not(HasSubstr("wrong-word")), Not(HasSubstr("guest"))));
}

TEST(Connect, IsRefusedByAVhostThatIsntThere) {
    const amqp_error error = error_of_connecting(options_for({rabbitmq_node::shared().uri("nowhere")}));
    EXPECT_EQ(error.kind(), trouble::refused);
    EXPECT_EQ(error.reply_code(), 530);
    EXPECT_THAT(error.what(), HasSubstr("NOT_ALLOWED - vhost nowhere not found"));
}

TEST(Connect, IsRefusedByAVhostThatIsNotTheUsers) {
    rabbitmq_node& node = rabbitmq_node::shared();
    const std::string vhost = node.new_vhost();
    node.ctl({"clear_permissions", "--vhost", vhost, "guest"});
    const amqp_error error = error_of_connecting(options_for({node.uri(vhost)}));
    EXPECT_EQ(error.kind(), trouble::refused);
    EXPECT_THAT(error.what(),
                AllOf(HasSubstr("NOT_ALLOWED"), HasSubstr("this user"), Not(HasSubstr("guest"))));
}

TEST(Connect, TakesTheNextNodeWhereOneIsDown) {
    const std::string live = rabbitmq_node::shared().uri();
    const std::string dead = uri_of(test_servers::unused_port());
    {
        opened to{options_for({dead, live})};
        EXPECT_EQ(to.broker.node_index(), 1U);
        to.broker.declare_queue(1, "connect", {.kind = queue_kind::classic});
    }
    options how = options_for({dead, live, dead});
    how.first_node = 5; // the third
    opened to{how};
    EXPECT_EQ(to.broker.node_index(), 1U);
}

TEST(Connect, SaysWhyNoNodeLetsUsIn) {
    const std::string dead = uri_of(test_servers::unused_port());
    const amqp_error one = error_of_connecting(options_for({dead}));
    EXPECT_EQ(one.kind(), trouble::unreachable);
    EXPECT_THAT(one.what(),
                AllOf(HasSubstr("can't connect: Connection refused"), HasSubstr("amqp://127.0.0.1:"),
                      Not(HasSubstr("pass-word")), Not(HasSubstr("nodes"))));

    // What somebody has to mend is said rather than what may pass.
    const std::string nowhere = rabbitmq_node::shared().uri("nowhere");
    const amqp_error both = error_of_connecting(options_for({nowhere, dead}));
    EXPECT_EQ(both.kind(), trouble::refused);
    EXPECT_EQ(both.reply_code(), 530);
    EXPECT_THAT(both.what(),
                AllOf(HasSubstr("vhost nowhere not found"), HasSubstr("(none of the 2 nodes lets us in)")));
}

TEST(Connect, SaysThatANameIsUnknown) {
    const amqp_error error = error_of_connecting(options_for({"amqp://nowhere.invalid"}));
    EXPECT_EQ(error.kind(), trouble::unreachable);
    EXPECT_THAT(error.what(), HasSubstr("the name can't be resolved"));
}

TEST(Connect, TriesAllAddressesOfAName) {
    // "localhost" is ::1 as well, where nothing listens.
    const std::string port = std::to_string(rabbitmq_node::shared().port());
    opened to{options_for({"amqp://guest:guest@localhost:" + port})};
    to.broker.declare_queue(1, "connect", {.kind = queue_kind::classic});
}

TEST(Connect, GivesUpInTimeOnAPeerThatSaysNothing) {
    tcp_proxy proxy{rabbitmq_node::shared().port()};
    proxy.stall(true);
    options how = options_for({uri_of(proxy.port())});
    how.connect_timeout = 300ms;
    const auto begun = steady::now();
    const amqp_error error = error_of_connecting(how);
    EXPECT_LT(steady::now() - begun, 5s);
    EXPECT_EQ(error.kind(), trouble::unreachable);
    EXPECT_THAT(error.what(), HasSubstr("can't log in: no answer within 300 ms"));

    options tls = how;
    tls.nodes[0].is_tls = true;
    const amqp_error of_tls = error_of_connecting(tls);
    EXPECT_EQ(of_tls.kind(), trouble::unreachable);
    EXPECT_THAT(of_tls.what(), HasSubstr("can't connect: no answer in time"));
}

TEST(Connect, SaysThatSomethingElseListens) {
    const test_servers::scripted_server web{
        [](const auto&) { return test_servers::scripted_answer{.bytes = "x", .is_last = true}; }};
    options how = options_for({uri_of(web.port())});
    how.connect_timeout = 1s;
    const amqp_error error = error_of_connecting(how);
    EXPECT_EQ(error.kind(), trouble::unreachable);
    EXPECT_THAT(error.what(), HasSubstr("can't log in: "));

    // A proxy whose broker is down takes the connection and drops it.
    tcp_proxy proxy{test_servers::unused_port()};
    const amqp_error dropped = error_of_connecting(options_for({uri_of(proxy.port())}));
    EXPECT_EQ(dropped.kind(), trouble::unreachable);
    // The reset may come before the first word of ours or after it.
    EXPECT_THAT(dropped.what(), AnyOf(HasSubstr("the connection was closed without a word"),
                                      HasSubstr("can't connect: Connection reset by peer")));
}

TEST(Connect, IsOverAtOnceWhereNobodyWaitsForItAnyMore) {
    watchdog guard;
    guard.end_all();
    const options how = options_for({uri_of(test_servers::unused_port()), rabbitmq_node::shared().uri()});
    EXPECT_EQ(error_of([&] { const connection broker(how, guard); }).kind(), trouble::too_late);
}

class connect_by_tls : public testing::Test {
protected:
    static rabbitmq_node& node() {
        static rabbitmq_node one{{.has_tls = true}};
        return one;
    }

    static options how() { return options_for({node().amqps_uri()}); }
};

TEST_F(connect_by_tls, WorksWithTheRightCA) {
    options right = how();
    right.ca = node().certificate();
    opened to{right};
    EXPECT_THAT(to.broker.node(), HasSubstr("amqps://127.0.0.1:"));
    to.broker.declare_queue(1, "q", {.kind = queue_kind::classic});
    to.broker.confirm_publishes(1);
    const std::string body(3'000'000, 'x');
    for (int n = 0; n < 5; ++n)
        publish_to(to.broker, "q", message_of(body));
    await_confirms(to.broker, 5);
    to.broker.consume(1, "q", "c");
    for (int n = 0; n < 5; ++n)
        EXPECT_TRUE(await<delivered>(to.broker).what.body == body);

    right.nodes[0].host = "localhost";
    opened by_name{right};
}

TEST_F(connect_by_tls, IsRefusedWhereTheCertificateDoesntHold) {
    options none = how();
    const amqp_error unknown = error_of_connecting(none);
    EXPECT_EQ(unknown.kind(), trouble::unreachable);
    EXPECT_THAT(unknown.what(), AllOf(HasSubstr("its certificate isn't trusted: self-signed certificate"),
                                      HasSubstr("'ca'")));

    options another = how();
    another.ca = test_servers::make_certificate("IP:127.0.0.1").certificate;
    EXPECT_EQ(error_of_connecting(another).kind(), trouble::unreachable);

    options empty = how();
    empty.ca = "no certificate";
    EXPECT_THAT(error_of_connecting(empty).what(), HasSubstr("'ca' holds no certificate"));

    options other_name = how();
    other_name.ca = node().certificate();
    other_name.nodes[0].host = "127.1"; // the same address to the resolver, and no name in the certificate
    const amqp_error wrong = error_of_connecting(other_name);
    EXPECT_EQ(wrong.kind(), trouble::unreachable);
    EXPECT_THAT(wrong.what(), HasSubstr("mismatch"));
}

TEST_F(connect_by_tls, SaysWhereThePortSpeaksTheOtherLanguage) {
    options plain_port = how();
    plain_port.nodes[0].port = node().port();
    plain_port.ca = node().certificate();
    const amqp_error no_tls = error_of_connecting(plain_port);
    EXPECT_EQ(no_tls.kind(), trouble::unreachable);
    EXPECT_THAT(no_tls.what(), HasSubstr("the TLS handshake failed"));

    options tls_port = how();
    tls_port.nodes[0].is_tls = false;
    const amqp_error no_amqp = error_of_connecting(tls_port);
    EXPECT_EQ(no_amqp.kind(), trouble::unreachable);
    EXPECT_THAT(no_amqp.what(), HasSubstr("can't log in: "));

    options dead = how();
    dead.nodes[0].port = test_servers::unused_port();
    EXPECT_THAT(error_of_connecting(dead).what(), HasSubstr("can't connect: Connection refused"));
}

} // namespace
} // namespace outreachd::amqp_connection::test
