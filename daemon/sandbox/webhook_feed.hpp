/// From a change of a record to deliveries: which webhooks hear of it, and what becomes of those that fail.
#pragma once

#include "daemon/sandbox/deliverer.hpp"
#include "daemon/sandbox/records.hpp"

#include <deque>
#include <string>
#include <vector>

namespace outreachd::sandbox {

/// What became of one event for one webhook.
struct delivery {
    std::uint64_t number = 0;
    record_id webhook = 0; ///< 0: an app's lifecycle webhook.
    std::string event_name;
    std::string event_id; ///< As in `Outreach-Webhook-Event-Id`.
    std::string url;
    std::string body;
    std::string state = "pending"; ///< `pending`, `delivered`, `lost`, `suspended` (not even tried).
    unsigned status = 0;
    std::vector<std::string> attempts{};
};

/// One thread. Keeps the last `deliveries_max` deliveries to be looked at.
class webhook_feed {
public:
    static constexpr std::size_t deliveries_max = 10'000;

    webhook_feed(const options& configured, records& data, deliverer& out);

    /// Delivers it to each webhook that is active, wants it and isn't suspended.
    void hear(const change& what);

    /// An app's lifecycle delivery to a URL of its own.
    void send_install(const std::string& action, const std::string& install, const std::string& to,
                      const std::string& secret, const std::string& api);

    const std::deque<delivery>& deliveries() const noexcept { return deliveries_; }

    const std::string& org() const noexcept { return org_; }

private:
    struct outgoing {
        std::string url;
        std::string event_name;
        std::string body;
        std::string secret;
        std::vector<std::pair<std::string, std::string>> headers;
    };

    bool wants(const record& webhook, const change& what) const;
    bool is_suspended(record& webhook);
    delivery& note(record_id webhook, const outgoing& what);
    void send(record_id webhook, const outgoing& what);
    void finish(std::uint64_t number, record_id webhook, const delivery_report& report);
    void suspend(record& webhook, const std::string& reason, std::chrono::milliseconds length);

    const options& configured_;
    records& data_;
    deliverer& out_;
    std::string org_;
    std::deque<delivery> deliveries_;
    std::uint64_t last_number_ = 0;
    std::map<record_id, steady_time> failing_since_; ///< First suspension that no delivery has ended.
};

} // namespace outreachd::sandbox
