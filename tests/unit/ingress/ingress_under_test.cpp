#include "tests/unit/ingress/ingress_under_test.hpp"

#include "daemon/signature/verifier.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <charconv>
#include <functional>

namespace outreachd::ingress {
namespace {

const secret test_secret{"a secret of the test"};

/// For what another thread is about to do, and no test can be told of.
bool eventually(const std::function<bool()>& is_true) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds{10};
    while (!is_true()) {
        if (std::chrono::steady_clock::now() > until)
            return false;
        std::this_thread::sleep_for(std::chrono::milliseconds{2});
    }
    return true;
}

/// Comes again until the context is stopped.
void dawdle(boost::asio::io_context& io) {
    boost::asio::post(io, [&io] {
        std::this_thread::sleep_for(std::chrono::milliseconds{2});
        dawdle(io);
    });
}

} // namespace

std::shared_ptr<const endpoint_table> test_endpoints() {
    settings::endpoint configured;
    configured.path = test_path;
    configured.secrets.push_back(test_secret);
    return std::make_shared<const endpoint_table>(std::vector{configured});
}

struct ingress_under_test::loop {
    boost::asio::io_context io;
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{io.get_executor()};
};

ingress_under_test::ingress_under_test(client_kind kind, settings::listen listen, int descriptor)
    : kind_(kind), files_(make_test_certificate(scratch_, "server")), loop_(std::make_unique<loop>()),
      store_(std::make_unique<store::store>(store::options{.directory = scratch_.file("store")}, observer_)) {
    listen.address = "127.0.0.1";
    listen.port = 0;
    if (kind != client_kind::plain)
        listen.tls = files_;
    std::vector<int> descriptors;
    if (descriptor >= 0)
        descriptors.push_back(descriptor);
    subject_ = std::make_unique<ingress>(
        loop_->io, listen, test_endpoints(), *store_, metrics_, log_,
        [this](const std::string&, received_request request) {
            const std::lock_guard lock(mutex_);
            quarantined_.push_back(std::move(request));
        },
        descriptors, store::answered_when::stored);
    subject_->start();
    for (int i = 0; i < 2; ++i)
        threads_.emplace_back([this] { loop_->io.run(); });
}

ingress_under_test::~ingress_under_test() {
    if (threads_.empty())
        return;
    subject_->stop_accepting();
    subject_->drain(std::chrono::steady_clock::now());
    stop_threads();
}

void ingress_under_test::stop_threads() {
    loop_->io.stop();
    for (std::thread& one : threads_)
        one.join();
    threads_.clear();
}

std::vector<std::string> ingress_under_test::stored_bodies() {
    std::vector<std::string> bodies;
    for (const store::stored_event& one : store_->open_reader()->events_after(0, 100, 1'000'000).value())
        bodies.push_back(one.subject->body);
    return bodies;
}

bool ingress_under_test::has_counted(std::string_view outcome, std::uint64_t times) const {
    return eventually([&] { return metrics_.requests_total(outcome) == times; });
}

bool ingress_under_test::has_open(std::size_t connections) const {
    return eventually([&] { return subject_->open_connections() == connections; });
}

void ingress_under_test::slow_down() {
    for (std::size_t i = 0; i < threads_.size(); ++i)
        dawdle(loop_->io);
}

std::vector<received_request> ingress_under_test::quarantined() const {
    const std::lock_guard lock(mutex_);
    return quarantined_;
}

std::string signature_line(std::string_view body) {
    return "Outreach-Webhook-Signature: " + signature::sign(test_secret, body) + "\r\n";
}

std::string signed_request(std::string_view body, std::string_view more) {
    return std::string{"POST "} + test_path + " HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n" +
           signature_line(body) + std::string{more} + "Content-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + std::string{body};
}

std::string chunked_request(const std::string& body) {
    std::string text = "POST " + std::string{test_path} +
                       " HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n" + signature_line(body) +
                       "\r\n";
    constexpr std::size_t chunk_bytes = 0x1000;
    for (std::size_t at = 0; at < body.size(); at += chunk_bytes)
        text += "1000\r\n" + body.substr(at, chunk_bytes) + "\r\n";
    return text + "0\r\n\r\n";
}

int status_of(std::string_view response) {
    constexpr std::string_view version = "HTTP/1.1 ";
    int status = 0;
    if (response.starts_with(version))
        std::from_chars(response.data() + version.size(), response.data() + response.size(), status);
    return status;
}

} // namespace outreachd::ingress
