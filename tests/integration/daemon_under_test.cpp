#include "tests/integration/daemon_under_test.hpp"

#include "tests/integration/wire_client.hpp"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <limits>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace outreachd::tests {

namespace {

/// A backlog that hasn't shrunk for so long won't.
constexpr std::chrono::seconds drain_step{30};

int exit_code_of(int status) {
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/// `socket`: handed over as systemd does it, as descriptor 3 and by LISTEN_PID; -1 for none.
pid_t spawn(const std::vector<std::string>& argv, const std::string& out, const std::string& err,
            int socket = -1) {
    std::vector<char*> arguments;
    for (const std::string& one : argv)
        arguments.push_back(const_cast<char*>(one.c_str()));
    arguments.push_back(nullptr);
    const pid_t child = ::fork();
    if (child != 0)
        return child;
    const int in = ::open("/dev/null", O_RDONLY);
    ::dup2(in, 0);
    ::dup2(::open(out.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600), 1);
    ::dup2(::open(err.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600), 2);
    int first_closed = 3;
    if (socket >= 0) {
        if (socket == first_closed)
            ::fcntl(socket, F_SETFD, 0);
        else
            ::dup2(socket, first_closed);
        ++first_closed;
        ::setenv("LISTEN_PID", std::to_string(::getpid()).c_str(), 1);
        ::setenv("LISTEN_FDS", "1", 1);
    }
    for (int descriptor = first_closed; descriptor < 1024; ++descriptor)
        ::close(descriptor);
    ::execvp(arguments[0], arguments.data());
    ::_exit(127);
}

int bound_socket(std::uint16_t port) {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        throw std::runtime_error("can't bind port " + std::to_string(port));
    return socket;
}

void make_certificate(const scratch& directory) {
    const auto made =
        run_program({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                     "-nodes", "-keyout", directory.at("key.pem"), "-out", directory.at("cert.pem"), "-days",
                     "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"});
    if (made.exit_code != 0)
        throw std::runtime_error("openssl can't make a certificate: " + made.err);
}

} // namespace

scratch::scratch() {
    std::string name = "/var/tmp/outreachd-test-XXXXXX"; // a real disk, where /tmp may be none
    if (::mkdtemp(name.data()) == nullptr)
        throw std::runtime_error("can't make a directory in /var/tmp");
    path_ = name;
}

scratch::~scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

finished_process run_program(const std::vector<std::string>& argv) {
    const scratch outputs;
    const pid_t child = spawn(argv, outputs.at("out"), outputs.at("err"));
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return {exit_code_of(status), read_file(outputs.at("out")), read_file(outputs.at("err"))};
}

std::string read_file(const std::string& path) {
    std::ifstream stream(path, std::ios::binary);
    std::ostringstream text;
    text << stream.rdbuf();
    return text.str();
}

void sleep_for(std::chrono::milliseconds time) {
    std::this_thread::sleep_for(time);
}

daemon_under_test::daemon_under_test(configuration what) {
    make_certificate(directory_);
    configure(what);
}

daemon_under_test::~daemon_under_test() {
    kill();
    if (socket_ >= 0)
        ::close(socket_);
}

void daemon_under_test::hold_socket() {
    socket_ = bound_socket(port());
    if (::listen(socket_, SOMAXCONN) != 0)
        throw std::runtime_error("can't listen on port " + std::to_string(port()));
}

std::string daemon_under_test::expand(std::string text) const {
    for (std::size_t at = 0; (at = text.find("DIRECTORY", at)) != std::string::npos;)
        text.replace(at, 9, directory_.path());
    return text;
}

void daemon_under_test::configure(const configuration& what) {
    std::string text =
        "listen:\n  address: \"" + what.address + "\"\n  port: " + std::to_string(port()) + "\n";
    text += what.has_tls ? "  tls: {certificate: DIRECTORY/cert.pem, private_key: DIRECTORY/key.pem}\n"
                         : "  tls: off\n";
    if (!what.limits.empty())
        text += "  limits: " + what.limits + "\n";
    text += "endpoints:\n  - path: /webhooks/outreach\n";
    if (!what.secrets.empty())
        text += "    secrets: " + what.secrets + "\n";
    text += what.endpoint;
    text += "store: {directory: " + what.store_directory + "}\n";
    if (!what.handlers.empty())
        text += "handlers:\n" + what.handlers;
    if (!what.routes.empty())
        text += "routes:\n" + what.routes;
    text += "admin: {port: " + std::to_string(admin_port()) + "}\n" + what.rest;
    std::ofstream(config_path()) << expand(text);
}

void daemon_under_test::begin_start(const std::vector<std::string>& wrapper) {
    std::vector<std::string> argv = wrapper;
    argv.insert(argv.end(), {OUTREACHD_PROGRAM, "serve", "-c", config_path()});
    pid_ = spawn(argv, directory_.at("stdout"), directory_.at("log"), socket_);
}

void daemon_under_test::start(const std::vector<std::string>& wrapper) {
    begin_start(wrapper);
    const bool is_ready =
        eventually([this] { return !is_running() || admin_get("/readyz").starts_with("200"); },
                   std::chrono::seconds{60});
    if (!is_ready || !is_running())
        throw std::runtime_error("the daemon didn't get ready:\n" + log());
}

bool daemon_under_test::is_running() {
    if (pid_ < 0)
        return false;
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) != 0) {
        pid_ = -1;
        return false;
    }
    return true;
}

void daemon_under_test::kill() {
    if (pid_ < 0)
        return;
    ::kill(pid_, SIGKILL);
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
}

int daemon_under_test::stop(std::chrono::milliseconds limit, int number) {
    ::kill(pid_, number);
    int status = 0;
    const bool has_ended = eventually([&] { return ::waitpid(pid_, &status, WNOHANG) == pid_; }, limit);
    if (!has_ended)
        return -1;
    pid_ = -1;
    return exit_code_of(status);
}

void daemon_under_test::signal(int number) const {
    ::kill(pid_, number);
}

std::string daemon_under_test::log() const {
    return read_file(directory_.at("log"));
}

finished_process daemon_under_test::command(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), OUTREACHD_PROGRAM);
    arguments.insert(arguments.end(), {"-c", config_path()});
    return run_program(arguments);
}

std::string daemon_under_test::admin_get(const std::string& path) const {
    wire_client client(admin_port(), wire_client::transport::plain);
    if (!client.is_connected() ||
        !client.send("GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"))
        return "000";
    const answer got = client.read_answer(std::chrono::seconds{10});
    return std::to_string(got.status) + "\n" + got.body;
}

double daemon_under_test::metric(const std::string& name_and_labels) const {
    std::istringstream lines(admin_get("/metrics"));
    for (std::string line; std::getline(lines, line);)
        if (line.starts_with(name_and_labels + " "))
            return std::stod(line.substr(name_and_labels.size() + 1));
    return std::numeric_limits<double>::quiet_NaN();
}

double daemon_under_test::pending_deliveries() const {
    const std::string answer = admin_get("/metrics");
    double sum = answer.starts_with("200") ? 0 : std::numeric_limits<double>::quiet_NaN();
    std::istringstream lines(answer);
    for (std::string line; std::getline(lines, line);)
        if (line.starts_with("outreachd_pending{"))
            sum += std::stod(line.substr(line.rfind(' ') + 1));
    return sum;
}

std::map<std::string, std::vector<std::string>> daemon_under_test::delivered(const std::string& file) const {
    return delivered_in(directory_.at(file));
}

std::map<std::string, std::vector<std::string>> delivered_in(const std::string& path) {
    std::map<std::string, std::vector<std::string>> found;
    std::istringstream lines(read_file(path));
    constexpr std::string_view opening = "{\"id\":\"";
    for (std::string line; std::getline(lines, line);)
        if (line.starts_with(opening) && line.ends_with("}"))
            found[line.substr(opening.size(), 36)].push_back(line);
    return found;
}

std::set<std::string> daemon_under_test::stored() const {
    std::set<std::string> found;
    constexpr std::string_view id_key = "{\"id\":\"";
    constexpr std::string_view resource_key = "\"resource_id\":\"";
    for (std::string before;;) {
        const std::string page =
            admin_get("/api/events?limit=1000" + (before.empty() ? "" : "&before=" + before));
        const std::string last = before;
        // Each event begins with its id; its deliveries have a resource id, too, the same one.
        for (std::size_t at = page.find("\"received_at\""); at != std::string::npos;
             at = page.find("\"received_at\"", at + 1)) {
            const std::size_t id = page.rfind(id_key, at) + id_key.size();
            before = page.substr(id, 36);
            const std::size_t resource = page.find(resource_key, id) + resource_key.size();
            found.insert(page.substr(resource, page.find('"', resource) - resource));
        }
        if (before == last)
            return found;
    }
}

std::set<std::uint64_t> numbers_in(const std::map<std::string, std::vector<std::string>>& delivered) {
    std::set<std::uint64_t> numbers;
    constexpr std::string_view key = "\"resource_id\":\"";
    for (const auto& [id, lines] : delivered)
        numbers.insert(std::stoull(lines.front().substr(lines.front().find(key) + key.size())));
    return numbers;
}

bool daemon_under_test::drained() const {
    // What is in an older file yet is in no list and no figure.
    const auto is_carrying_over = [this] { return metric("outreachd_carrying_over") == 1; };
    const auto is_empty = [&] {
        if (is_carrying_over())
            return false;
        const std::string pending = admin_get("/api/events?state=pending&limit=1");
        return pending.starts_with("200") && pending.find("\"id\"") == std::string::npos;
    };
    // How long a backlog takes is the machine's affair; that it shrinks is ours.
    double left = pending_deliveries();
    while (!eventually(is_empty, drain_step)) {
        const double before = std::exchange(left, pending_deliveries());
        if (!(left < before) && !is_carrying_over()) { // nor where nothing answers
            std::cout << left << " deliveries pending, after " << before << " before\n";
            return false;
        }
    }
    return true;
}

} // namespace outreachd::tests
