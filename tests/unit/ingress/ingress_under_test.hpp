/// A whole ingress on loopback, with a real store, and what tests do with it.
#pragma once

#include "daemon/ingress/ingress.hpp"
#include "daemon/log/logger.hpp"
#include "daemon/metrics/metrics.hpp"
#include "daemon/store/store.hpp"
#include "tests/unit/ingress/test_certificate.hpp"
#include "tests/unit/ingress/test_client.hpp"

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace outreachd::ingress {

inline constexpr const char* test_path = "/webhooks/outreach";

class silent_observer : public store::observer {
public:
    void write_failed(std::string_view) override {}

    void read_failed(std::string_view) override {}

    void written(std::chrono::milliseconds) override {}

    void set_aside(std::string_view, std::string_view, std::string_view) override {}

    void clock_jumped(std::chrono::seconds) override {}

    void carried_over(std::string_view, std::uint64_t, std::uint64_t) override {}

    void waits_for_room(std::string_view, std::uint64_t) override {}

    void damaged(store::sequence, std::string_view) override {}
};

/// One, at `test_path`, with the secret that `signed_request` signs with.
std::shared_ptr<const endpoint_table> test_endpoints();

class ingress_under_test {
public:
    /// `listen` as the test wants it; address, port and certificate are set here. Where
    /// `descriptor` isn't negative it is taken over.
    explicit ingress_under_test(client_kind kind, settings::listen listen = {}, int descriptor = -1);
    ~ingress_under_test();
    ingress_under_test(const ingress_under_test&) = delete;
    ingress_under_test& operator=(const ingress_under_test&) = delete;

    ingress& subject() { return *subject_; }

    store::store& events() { return *store_; }

    /// What a reader of the store sees now, in order of receipt.
    std::vector<std::string> stored_bodies();

    std::uint16_t port() const { return subject_->port(); }

    std::unique_ptr<test_client> connect() const { return std::make_unique<test_client>(port(), kind_); }

    /// Waits up to 10 s until `outcome` has been counted `times` times.
    bool has_counted(std::string_view outcome, std::uint64_t times) const;
    /// Waits up to 10 s until so many connections are open.
    bool has_open(std::size_t connections) const;
    std::vector<received_request> quarantined() const;

    /// Nothing runs from now on, and nothing is drained by the destructor.
    void stop_threads();

    /// From now on every step of the I/O threads waits for some milliseconds behind others, as under
    /// load: what usually happens at once can be told apart.
    void slow_down();

    std::string metrics_text() { return metrics_.text(); }

    const settings::tls_files& files() const { return files_; }

private:
    scratch_directory scratch_;
    client_kind kind_;
    settings::tls_files files_;
    silent_observer observer_;
    log::logger log_{log::level::error, log::format::text};
    metrics::metrics metrics_;
    mutable std::mutex mutex_;
    std::vector<received_request> quarantined_;
    struct loop;
    std::unique_ptr<loop> loop_;
    std::unique_ptr<store::store> store_;
    std::unique_ptr<ingress> subject_;
    std::vector<std::thread> threads_;
};

/// A POST of `body` to the endpoint, signed, with `more` header lines.
std::string signed_request(std::string_view body, std::string_view more = {});
/// The same in chunks of 4 KiB, for a body that is a multiple of them.
std::string chunked_request(const std::string& body);
/// The header lines that sign `body`.
std::string signature_line(std::string_view body);
/// The status of a response; 0 where there is none.
int status_of(std::string_view response);

} // namespace outreachd::ingress
