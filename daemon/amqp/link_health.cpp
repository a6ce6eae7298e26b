#include "daemon/amqp/link_health.hpp"

namespace outreachd::amqp {

namespace {

constexpr std::chrono::minutes line_interval{1};

} // namespace

void link_health::connected(const std::string& node) {
    const std::lock_guard lock(mutex_);
    if (!is_connected_)
        log_.info("connected to the broker",
                  {{"link", link_}, {"node", node}, {"failures_before", connection_.count}});
    is_connected_ = true;
    node_ = node;
    connection_ = {};
}

void link_health::lost(const std::string& cause) {
    const std::lock_guard lock(mutex_);
    is_connected_ = false;
    note(connection_, cause, "no connection to the broker; trying again", {});
}

void link_health::trouble(const std::string& about, const std::string& cause) {
    const std::lock_guard lock(mutex_);
    note(troubles_[about], cause, "trouble at the broker; trying again", about);
}

void link_health::mended(const std::string& about) {
    const std::lock_guard lock(mutex_);
    const auto known = troubles_.find(about);
    if (known == troubles_.end())
        return;
    log_.info("trouble at the broker is over",
              {{"link", link_}, {"about", about}, {"times", known->second.count}});
    troubles_.erase(known);
}

/// Another cause is news at once; the same one is told at intervals.
void link_health::note(condition& what, const std::string& cause, const char* line, std::string_view about) {
    const auto now = std::chrono::steady_clock::now();
    ++what.count;
    if (what.cause == cause && now < what.next_line)
        return;
    what.cause = cause;
    what.next_line = now + line_interval;
    log_.error(line, {{"link", link_}, {"about", about}, {"cause", cause}, {"times", what.count}});
}

bool link_health::is_connected() const {
    const std::lock_guard lock(mutex_);
    return is_connected_;
}

std::string link_health::node() const {
    const std::lock_guard lock(mutex_);
    return is_connected_ ? node_ : std::string{};
}

std::vector<std::string> link_health::problems() const {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> found;
    if (!is_connected_)
        found.push_back(link_ + ": not connected to the broker" +
                        (connection_.cause.empty() ? std::string{} : ": " + connection_.cause));
    for (const auto& [about, one] : troubles_)
        found.push_back(link_ + ": " + about + ": " + one.cause);
    return found;
}

} // namespace outreachd::amqp
