#include "tests/integration/through_broker.hpp"

#include <algorithm>
#include <regex>
#include <sstream>

namespace outreachd::tests {

using namespace std::chrono_literals;

configuration through_broker(const broker_use& how) {
    std::string uris;
    for (const std::string& one : how.uris)
        uris += (uris.empty() ? "\"" : ", \"") + one + "\"";
    configuration made;
    made.handlers = how.handlers;
    made.routes = how.routes;
    made.rest = "roles: " + how.roles + "\nqueue: {type: amqp, amqp: {uri: [" + uris +
                "], queue_type: " + how.queue_type + how.keys + "}}\n";
    return made;
}

std::string status_of(const daemon_under_test& daemon) {
    const std::string answer = daemon.admin_get("/api/status");
    return answer.substr(answer.find('\n') + 1);
}

std::vector<int> work_queues_of(const daemon_under_test& daemon) {
    const std::string status = status_of(daemon);
    static const std::regex list("\"work_queues\":\\[([0-9,]*)\\]");
    std::smatch found;
    std::vector<int> queues;
    if (!std::regex_search(status, found, list))
        return queues;
    std::istringstream numbers(found[1].str());
    for (std::string one; std::getline(numbers, one, ',');)
        queues.push_back(std::stoi(one));
    return queues;
}

bool has_published_all(const daemon_under_test& daemon) {
    auto shrunk_at = std::chrono::steady_clock::now();
    double fewest = daemon.metric("outreachd_outbox");
    while (fewest > 0 && std::chrono::steady_clock::now() - shrunk_at < 60s) {
        sleep_for(100ms);
        const double now = daemon.metric("outreachd_outbox");
        if (now < fewest) {
            fewest = now;
            shrunk_at = std::chrono::steady_clock::now();
        }
    }
    return fewest == 0;
}

std::vector<std::uint64_t> lost_of(const std::set<std::uint64_t>& acked,
                                   const std::vector<const daemon_under_test*>& workers) {
    std::set<std::uint64_t> there;
    for (const daemon_under_test* const one : workers)
        there.merge(numbers_in(one->delivered()));
    std::vector<std::uint64_t> lost;
    std::ranges::set_difference(acked, there, std::back_inserter(lost));
    return lost;
}

std::vector<std::uint64_t> lost_after_waiting(const std::set<std::uint64_t>& acked,
                                              const std::vector<const daemon_under_test*>& workers) {
    std::vector<std::uint64_t> lost = lost_of(acked, workers);
    auto shrunk_at = std::chrono::steady_clock::now();
    while (!lost.empty() && std::chrono::steady_clock::now() - shrunk_at < 30s) {
        sleep_for(250ms);
        auto now = lost_of(acked, workers);
        if (now.size() < lost.size())
            shrunk_at = std::chrono::steady_clock::now();
        lost = std::move(now);
    }
    return lost;
}

} // namespace outreachd::tests
