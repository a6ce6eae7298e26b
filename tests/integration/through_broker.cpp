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

std::string at_port(std::string uri, std::uint16_t port, std::uint16_t other) {
    const std::string before = ":" + std::to_string(port) + "/";
    return uri.replace(uri.find(before), before.size(), ":" + std::to_string(other) + "/");
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
    return last_while_shrinking([&] { return daemon.metric("outreachd_outbox"); }, 100ms, 60s) == 0;
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
    std::vector<std::uint64_t> lost;
    last_while_shrinking(
        [&] {
            lost = lost_of(acked, workers);
            return lost.size();
        },
        250ms, 30s);
    return lost;
}

} // namespace outreachd::tests
