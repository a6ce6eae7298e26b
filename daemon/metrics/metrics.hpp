/// The daemon's metrics, and their text for Prometheus (deploy/metrics.md).
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace outreachd::metrics {

/// All metrics that exist. Thread-safe; each call is a few atomic operations once its labels are known.
class metrics {
public:
    metrics();
    ~metrics();
    metrics(const metrics&) = delete;
    metrics& operator=(const metrics&) = delete;

    /// Makes the counters of what is configured, with the value 0: a rate doesn't see the first event of a
    /// series that begins with it, nor an alert that none has come. Those that are there go on.
    /// `path` may be empty: requests for which no endpoint is known.
    void add_endpoint(std::string_view path);
    void add_handler(std::string_view name);

    /// `outcome`: accepted repeat unsigned bad_signature not_found bad_method too_large malformed reset.
    /// `endpoint` is a configured path, or empty where no endpoint was matched.
    void count_request(std::string_view endpoint, std::string_view outcome);
    /// An exception to "a genuine event is never refused": stays 0.
    void count_refused_genuine();
    /// From the request's deadline clock (accept, or a kept connection's first byte) to the answer.
    void observe_ack(std::chrono::nanoseconds duration);
    /// `outreachd_events_total{name}`: names of the contract's event table, else `other`.
    void count_event(std::string_view name);
    void count_stale();
    /// `outcome`: done retry dead.
    void count_delivery(std::string_view handler, std::string_view outcome);
    void observe_delivery(std::string_view handler, std::chrono::nanoseconds duration);

    /// Counts a request to the Outreach API: its status (0: no answer), and what remains of the hourly limit,
    /// where that is known. The function may outlive this.
    std::function<void(int status, std::optional<std::uint64_t> remaining)> api_request_counter();

    /// A gauge that is asked for its value at each scrape. `name` without the `outreachd_` prefix;
    /// `label` is empty or one `key=value`. The function runs on the admin thread and must not block.
    void add_gauge(std::string_view name, std::string_view help, std::string_view label,
                   std::function<double()> read);
    /// The same of what only grows, and begins anew with the process. `name` ends in `_total`.
    void add_counter(std::string_view name, std::string_view help, std::string_view label,
                     std::function<double()> read);

    /// Prometheus text exposition format 0.0.4. Admin thread.
    std::string text();

    /// What tests read back.
    std::uint64_t requests_total(std::string_view outcome) const;

private:
    struct implementation;
    struct asked_figure;

    void add(asked_figure added);

    std::shared_ptr<implementation> implementation_;
};

} // namespace outreachd::metrics
