/// That brokers start, fail and come back as tests want it.
#include "tests/servers/bare_client.hpp"
#include "tests/servers/leftovers.hpp"
#include "tests/servers/rabbitmq_node.hpp"
#include "tests/servers/tcp_proxy.hpp"

#include <gmock/gmock.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>

namespace outreachd::test_servers {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr auto node_patience = 20s;
/// Long enough for a broker that could answer, so that one that doesn't is seen not to.
constexpr auto node_glance = 500ms;
constexpr std::size_t answer_bytes = 11;

/// What the server at the other end of TLS says to an AMQP client that trusts this certificate only.
std::string tls_answer(std::uint16_t port, const std::string& trusted) {
    const std::unique_ptr<BIO, decltype(&BIO_free)> text{
        BIO_new_mem_buf(trusted.data(), static_cast<int>(trusted.size())), BIO_free};
    const std::unique_ptr<X509, decltype(&X509_free)> certificate{
        PEM_read_bio_X509(text.get(), nullptr, nullptr, nullptr), X509_free};
    const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context{SSL_CTX_new(TLS_client_method()),
                                                                    SSL_CTX_free};
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context.get()), certificate.get());
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
    const std::unique_ptr<BIO, decltype(&BIO_free_all)> connection{BIO_new_ssl_connect(context.get()),
                                                                   BIO_free_all};
    BIO_set_conn_hostname(connection.get(), ("127.0.0.1:" + std::to_string(port)).c_str());
    std::string answer(answer_bytes, '\0');
    if (BIO_write(connection.get(), amqp_protocol_header.data(), amqp_protocol_header.size()) <= 0 ||
        BIO_read(connection.get(), answer.data(), answer_bytes) <= 0)
        return "no TLS";
    return answer;
}

TEST(RabbitmqNode, AnswersAmqpOnLoopback) {
    rabbitmq_node& node = rabbitmq_node::shared();
    EXPECT_EQ(node.uri(), "amqp://guest:guest@127.0.0.1:" + std::to_string(node.port()) + "/%2F");
    EXPECT_THAT(node.uri("a/b c"), HasSubstr("/a%2Fb%20c"));
    EXPECT_TRUE(speaks_amqp(node.port(), node_patience));
    EXPECT_EQ(&rabbitmq_node::shared(), &node);
}

TEST(RabbitmqNode, GivesVhostsThatAreGuestsOwn) {
    rabbitmq_node& node = rabbitmq_node::shared();
    const std::string first = node.new_vhost();
    const std::string second = node.new_vhost();
    EXPECT_NE(first, second);
    EXPECT_THAT(node.ctl({"list_permissions", "--vhost", second}), HasSubstr("guest\t.*\t.*\t.*"));
}

TEST(RabbitmqNode, SaysWhatWasWrongWithACommand) {
    rabbitmq_node& node = rabbitmq_node::shared();
    const auto message_of = [](const auto& action) -> std::string {
        try {
            action();
        } catch (const std::runtime_error& error) {
            return error.what();
        }
        return "nothing";
    };
    EXPECT_THAT(message_of([&] {
                    node.ctl({"list_permissions", "--vhost", "nowhere"});
                }),
                HasSubstr("Virtual host 'nowhere' does not exist"));
    EXPECT_THAT(message_of([&] { node.evaluate("ok = no"); }), HasSubstr("badmatch"));
}

TEST(RabbitmqNode, RaisesAlarms) {
    rabbitmq_node& node = rabbitmq_node::shared();
    const auto alarms = [&] { return node.evaluate("rabbit_alarm:get_alarms()"); };
    node.set_memory_alarm(true);
    node.set_disk_alarm(true);
    EXPECT_THAT(alarms(), AllOf(HasSubstr("memory"), HasSubstr("disk")));
    node.set_memory_alarm(false);
    EXPECT_THAT(alarms(), AllOf(Not(HasSubstr("memory")), HasSubstr("disk")));
    node.set_disk_alarm(false);
    EXPECT_EQ(alarms(), "[]");
}

TEST(RabbitmqNode, StandsStillWhileFrozen) {
    rabbitmq_node& node = rabbitmq_node::shared();
    node.freeze();
    bare_client client{node.port()};
    client.send(amqp_protocol_header);
    EXPECT_EQ(client.receive(answer_bytes, node_glance), "");
    EXPECT_EQ(client.found(), bare_client::state::open);
    node.thaw();
    EXPECT_TRUE(is_connection_start(client.receive(answer_bytes, node_patience)));
}

TEST(RabbitmqNode, HasItsDataAfterBeingKilled) {
    rabbitmq_node& node = rabbitmq_node::shared();
    const std::string vhost = node.new_vhost();
    const std::uint16_t port = node.port();
    tcp_proxy proxy{port};
    bare_client through{proxy.port()};
    through.send(amqp_protocol_header);
    EXPECT_TRUE(is_connection_start(through.receive(answer_bytes, node_patience)));

    node.kill();
    EXPECT_FALSE(node.is_running());
    EXPECT_THROW(bare_client{port}, std::system_error);
    while (through.found() == bare_client::state::open)
        through.receive(answer_bytes, node_patience);
    bare_client to_nobody{proxy.port()};
    EXPECT_EQ(to_nobody.receive(1, node_patience), "");
    EXPECT_EQ(to_nobody.found(), bare_client::state::was_reset);

    node.start();
    EXPECT_EQ(node.port(), port);
    EXPECT_TRUE(speaks_amqp(proxy.port(), node_patience));
    EXPECT_THAT(node.evaluate("rabbit_vhost:list_names()"), HasSubstr(vhost));
}

TEST(RabbitmqNode, LeavesNothingBehind) {
    std::string directory;
    {
        rabbitmq_node node{{.has_tls = true, .configuration = "heartbeat = 7\n"}};
        directory = node.directory();
        EXPECT_TRUE(speaks_amqp(node.port(), node_patience));
        EXPECT_TRUE(is_connection_start(tls_answer(node.tls_port(), node.certificate())));
        EXPECT_EQ(tls_answer(node.tls_port(), make_certificate("DNS:localhost").certificate), "no TLS");
        EXPECT_THAT(node.amqps_uri(), HasSubstr("amqps://guest:guest@127.0.0.1:"));
        EXPECT_EQ(node.evaluate("application:get_env(rabbit, heartbeat)"), "{ok,7}");

        node.stop();
        EXPECT_FALSE(node.is_running());
        EXPECT_THAT(node.log_end(), HasSubstr("SIGTERM received - shutting down"));
        // Its epmd.
        EXPECT_THAT(processes_naming(directory), Not(IsEmpty()));
    }
    EXPECT_THAT(processes_naming(directory), IsEmpty());
    EXPECT_FALSE(std::filesystem::exists(directory));
}

} // namespace
} // namespace outreachd::test_servers
