/// Real RabbitMQ brokers for tests, on loopback, without an init system and as any user.
#pragma once

#include "tests/servers/claimed_port.hpp"
#include "tests/servers/erlang_home.hpp"
#include "tests/servers/server_process.hpp"
#include "tests/servers/test_certificate.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace outreachd::test_servers {

struct rabbitmq_options {
    bool has_tls = false;           ///< AMQPS on a second port.
    std::string configuration = {}; ///< Further lines of rabbitmq.conf.
};

/// A broker, of which the destructor leaves neither a process nor a file, nor does a test that is killed.
///
/// It starts in some 5 s, takes 150 MB, and knows the user `guest`. Everything that fails throws
/// std::runtime_error or std::system_error. Any thread, but one at a time.
class rabbitmq_node {
public:
    /// Blocks until it is ready; throws with the end of its log where it isn't after two minutes.
    explicit rabbitmq_node(const rabbitmq_options& options = {});
    rabbitmq_node(const rabbitmq_node&) = delete;
    rabbitmq_node& operator=(const rabbitmq_node&) = delete;

    /// One for the whole process, started when it is first asked for, without TLS. Running also where an
    /// earlier test has left it killed or frozen. Use a vhost of your own.
    static rabbitmq_node& shared();

    std::uint16_t port() const noexcept { return port_.number(); }

    std::uint16_t tls_port() const { return tls_port_.value().number(); }

    /// PEM of the one that the TLS port shows, for `localhost` and `127.0.0.1`, signed by itself.
    const std::string& certificate() const { return certificate_.value().certificate; }

    /// `amqp://guest:guest@127.0.0.1:PORT/VHOST`, the vhost percent-encoded.
    std::string uri(std::string_view vhost = "/") const;
    std::string amqps_uri(std::string_view vhost = "/") const;

    /// Makes a virtual host that no test of this process has had, where guest may do all. Some 40 ms.
    std::string new_vhost();

    void kill(); ///< SIGKILL; returns when it is dead.
    void stop(); ///< SIGTERM, and waits for up to a minute: a clean end.
    /// The same node with its ports and data, ready. Nothing where it is running.
    void start();
    /// `start` in two halves, for nodes of a cluster that need each other to become ready.
    void launch();
    void wait_until_ready();
    void
    freeze(); ///< SIGSTOP; returns when it stands still. Connecting to it works still, as the kernel does it.
    void thaw();
    bool is_running();

    /// `rabbitmqctl ARGUMENT...` against it: what it prints. Throws with that where it fails. A second.
    std::string ctl(std::vector<std::string> arguments) const;
    /// As erlang_home::evaluate. Faster than `ctl`.
    std::string evaluate(std::string_view expressions) const;

    /// While one of them is on the broker takes nothing from connections that publish.
    void set_memory_alarm(bool is_on);
    void set_disk_alarm(bool is_on);

    /// Its processes have this path in their environment.
    const std::string& directory() const noexcept { return home_->directory().path(); }

    std::string log_end() const; ///< The last 4 KB of its log.

private:
    friend class rabbitmq_cluster;

    /// `name`: of the Erlang node, before the `@`. Doesn't start it.
    rabbitmq_node(std::shared_ptr<erlang_home> home, std::string name, const rabbitmq_options& options);

    std::string at(const std::string& file) const { return home_->directory().at(name_ + "/" + file); }

    std::vector<std::string> environment() const;
    std::string configuration(const rabbitmq_options& options) const;
    std::string what_is_missing() const;
    [[noreturn]] void fail(const std::string& what) const;
    void set_alarm(const std::string& kind, const std::string& setting, bool is_on) const;

    std::shared_ptr<erlang_home> home_; ///< The nodes of a cluster have one.
    std::string name_;
    claimed_port port_;
    claimed_port distribution_port_;
    std::optional<claimed_port> tls_port_;
    std::optional<certificate_pair> certificate_;
    std::optional<server_process> broker_;
};

} // namespace outreachd::test_servers
