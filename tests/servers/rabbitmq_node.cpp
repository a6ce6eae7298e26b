/// Debian's `/usr/sbin/rabbitmq-server` and `rabbitmqctl` become the user rabbitmq and take its directories,
/// so the scripts behind them are run. What these read outside of our directory is named here and turned
/// away.
#include "tests/servers/rabbitmq_node.hpp"

#include "daemon/text/percent_encode.hpp"
#include "tests/servers/bare_client.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <utility>

#include <fcntl.h>

namespace outreachd::test_servers {

namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr auto ready_limit = 120s;
constexpr auto stop_limit = 60s;
constexpr auto greeting_limit = 2s;
constexpr std::streamoff log_bytes_max = 4096;
const std::string scripts = "/usr/lib/rabbitmq/bin/";
const std::string memory_limit = "1GB";
const std::string disk_limit = "50MB";

std::string uri_of(const std::string& scheme, std::uint16_t port, std::string_view vhost) {
    return scheme + "://guest:guest@127.0.0.1:" + std::to_string(port) + "/" + percent_encode(vhost);
}

std::string end_of_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary | std::ios::ate);
    file.seekg(std::max<std::streamoff>(0, static_cast<std::streamoff>(file.tellg()) - log_bytes_max));
    return {std::istreambuf_iterator<char>(file), {}};
}

} // namespace

rabbitmq_node::rabbitmq_node(const rabbitmq_options& options)
    : rabbitmq_node(std::make_shared<erlang_home>(), "lone", options) {
    start();
}

rabbitmq_node::rabbitmq_node(std::shared_ptr<erlang_home> home, std::string name,
                             const rabbitmq_options& options)
    : home_(std::move(home)), name_(std::move(name)) {
    std::filesystem::create_directory(home_->directory().at(name_));
    if (options.has_tls) {
        tls_port_.emplace();
        certificate_ = make_certificate("DNS:localhost,IP:127.0.0.1");
        write_file(at("certificate.pem"), certificate_->certificate);
        write_file(at("private_key.pem"), certificate_->private_key);
    }
    write_file(at("rabbitmq.conf"), configuration(options));
    write_file(at("rabbitmq-env.conf"), "");
    write_file(at("enabled_plugins"), "[].\n");
}

rabbitmq_node& rabbitmq_node::shared() {
    static rabbitmq_node node;
    node.thaw();
    node.start();
    return node;
}

std::string rabbitmq_node::configuration(const rabbitmq_options& options) const {
    std::string lines = "listeners.tcp.local = 127.0.0.1:" + std::to_string(port()) +
                        "\nlog.file.level = info"
                        "\nvm_memory_high_watermark.absolute = " +
                        memory_limit + "\ndisk_free_limit.absolute = " + disk_limit + "\n";
    if (options.has_tls)
        lines += "listeners.ssl.local = 127.0.0.1:" + std::to_string(tls_port()) +
                 "\nssl_options.certfile = " + at("certificate.pem") +
                 "\nssl_options.keyfile = " + at("private_key.pem") + "\n";
    return lines + options.configuration;
}

std::vector<std::string> rabbitmq_node::environment() const {
    std::vector<std::string> all = home_->environment();
    const std::string on_loopback = "-kernel inet_dist_use_interface {127,0,0,1}";
    const std::string own[] = {
        // The script then becomes the broker, whose process is so the one that was begun.
        "detached=1",
        "RABBITMQ_NODENAME=" + name_ + "@localhost",
        "RABBITMQ_DIST_PORT=" + std::to_string(distribution_port_.number()),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS=" + on_loopback,
        // Schedulers that are bound to cores get in each other's way where several brokers run.
        "RABBITMQ_SCHEDULER_BIND_TYPE=u",
        "RABBITMQ_MNESIA_BASE=" + at("mnesia"),
        "RABBITMQ_LOG_BASE=" + at("log"),
        "RABBITMQ_LOGS=" + at("log/broker.log"),
        "RABBITMQ_PID_FILE=" + at("pid"),
        "RABBITMQ_CONFIG_FILE=" + at("rabbitmq.conf"),
        "RABBITMQ_CONFIG_FILES=" + at("conf.d"),
        "RABBITMQ_ADVANCED_CONFIG_FILE=" + at("advanced.config"),
        "RABBITMQ_CONF_ENV_FILE=" + at("rabbitmq-env.conf"),
        "RABBITMQ_ENABLED_PLUGINS_FILE=" + at("enabled_plugins"),
        "RABBITMQ_GENERATED_CONFIG_DIR=" + at("config"),
        // rabbitmqctl is a node as well; else several would want the same ten ports.
        "RABBITMQ_CTL_ERL_ARGS=" + on_loopback,
        "RABBITMQ_CTL_DIST_PORT_MIN=0",
        "RABBITMQ_CTL_DIST_PORT_MAX=0",
    };
    all.insert(all.end(), std::begin(own), std::end(own));
    return all;
}

std::string rabbitmq_node::uri(std::string_view vhost) const {
    return uri_of("amqp", port(), vhost);
}

std::string rabbitmq_node::amqps_uri(std::string_view vhost) const {
    return uri_of("amqps", tls_port(), vhost);
}

std::string rabbitmq_node::new_vhost() {
    static std::atomic<int> made = 0;
    const std::string name = "vhost-" + std::to_string(++made);
    const std::string quoted = "<<\"" + name + "\">>";
    evaluate("ok = rabbit_vhost:add(" + quoted +
             ", <<\"test\">>), "
             "ok = rabbit_auth_backend_internal:set_permissions(<<\"guest\">>, " +
             quoted + ", <<\".*\">>, <<\".*\">>, <<\".*\">>, <<\"test\">>)");
    return name;
}

void rabbitmq_node::kill() {
    if (broker_)
        broker_->kill();
}

void rabbitmq_node::stop() {
    if (broker_ && !broker_->terminate(stop_limit)) {
        broker_->kill();
        fail("didn't stop for a minute");
    }
}

void rabbitmq_node::start() {
    if (is_running())
        return;
    launch();
    wait_until_ready();
}

void rabbitmq_node::launch() {
    const std::string path = at("console.log");
    const handlers::descriptor console{::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)};
    if (!console.is_open())
        throw std::system_error(errno, std::generic_category(), path);
    broker_.emplace(server_program{.arguments = {scripts + "rabbitmq-server"},
                                   .environment = environment(),
                                   .directory = home_->directory().path(),
                                   .output = console.number()});
}

void rabbitmq_node::wait_until_ready() {
    const auto give_up_at = steady_clock::now() + ready_limit;
    for (std::string missing = what_is_missing(); !missing.empty(); missing = what_is_missing()) {
        if (!is_running())
            fail("ended before it was ready");
        if (steady_clock::now() > give_up_at)
            fail("isn't ready after two minutes: " + missing);
        std::this_thread::sleep_for(20ms);
    }
}

/// Empty where it is ready. It answers a client before it is done with starting.
std::string rabbitmq_node::what_is_missing() const {
    if (!speaks_amqp(port(), greeting_limit))
        return "it doesn't answer";
    try {
        const std::string is_done = evaluate("rabbit:is_running()");
        return is_done == "true" ? "" : "is_running says " + is_done;
    } catch (const std::runtime_error& error) {
        return error.what();
    }
}

void rabbitmq_node::freeze() {
    if (broker_)
        broker_->freeze();
}

void rabbitmq_node::thaw() {
    if (broker_)
        broker_->thaw();
}

bool rabbitmq_node::is_running() {
    return broker_ && broker_->is_running();
}

std::string rabbitmq_node::ctl(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"timeout", "--signal=KILL", "120", scripts + "rabbitmqctl"});
    program_result result = run_to_end({.arguments = arguments, .environment = environment()});
    if (result.exit_code != 0)
        throw std::runtime_error("rabbitmqctl " + arguments.back() + " ended with " +
                                 std::to_string(result.exit_code) + ": " + result.output);
    return std::move(result.output);
}

std::string rabbitmq_node::evaluate(std::string_view expressions) const {
    return home_->evaluate(distribution_port_.number(), expressions);
}

void rabbitmq_node::set_memory_alarm(bool is_on) {
    set_alarm("memory",
              "vm_memory_monitor:set_vm_memory_high_watermark(" +
                  (is_on ? std::string("0") : "{absolute, \"" + memory_limit + "\"}") + ")",
              is_on);
}

void rabbitmq_node::set_disk_alarm(bool is_on) {
    // More than any disk has.
    set_alarm("disk",
              "rabbit_disk_monitor:set_disk_free_limit(" +
                  (is_on ? std::string("1 bsl 60") : "\"" + disk_limit + "\"") + ")",
              is_on);
}

void rabbitmq_node::set_alarm(const std::string& kind, const std::string& setting, bool is_on) const {
    const std::string alarms =
        evaluate(setting + ", [K || {{resource_limit, K, N}, _} <- rabbit_alarm:get_alarms(), N =:= node()]");
    if ((alarms.find(kind) != std::string::npos) != is_on)
        throw std::runtime_error("the broker's alarms after " + setting + ": " + alarms);
}

std::string rabbitmq_node::log_end() const {
    return end_of_file(at("console.log")) + end_of_file(at("log/broker.log"));
}

void rabbitmq_node::fail(const std::string& what) const {
    throw std::runtime_error("RabbitMQ " + what + ". Its log ends with:\n" + log_end());
}

} // namespace outreachd::test_servers
