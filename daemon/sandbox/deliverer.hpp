/// Sends webhook deliveries, with the patience that Outreach has (contract section 3).
#pragma once

#include "daemon/sandbox/options.hpp"
#include "daemon/text/url.hpp"

#include <boost/asio/io_context.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace outreachd::sandbox {

struct delivery_request {
    url to;
    std::string bytes; ///< The whole request, head and body.
};

enum class delivery_end {
    delivered,       ///< There was a status; which one doesn't matter.
    network_failure, ///< None of the attempts was answered.
    unresolved,      ///< The host's name has no address.
    private_address, ///< It has one that Outreach doesn't call.
    dropped,         ///< Too many wait already.
};

struct delivery_report {
    delivery_end end = delivery_end::dropped;
    unsigned status = 0;               ///< Of the answer.
    std::vector<std::string> attempts; ///< What came of each: `200`, or why there was no status.
};

/// 32 deliveries at a time, and 10,000 that wait for their turn; what comes then is dropped, and reported so.
/// One thread, the one that runs the io_context; whatever waits is gone with that.
class deliverer {
public:
    static constexpr std::size_t running_max = 32;
    static constexpr std::size_t waiting_max = 10'000;

    using finished = std::function<void(const delivery_report&)>;

    /// Throws std::runtime_error where the CA file can't be read.
    deliverer(boost::asio::io_context& io, const delivery_options& configured);
    ~deliverer();
    deliverer(const deliverer&) = delete;
    deliverer& operator=(const deliverer&) = delete;

    void submit(delivery_request request, finished done);

private:
    class implementation;
    std::unique_ptr<implementation> implementation_;
};

} // namespace outreachd::sandbox
