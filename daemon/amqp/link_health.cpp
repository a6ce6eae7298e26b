#include "daemon/amqp/link_health.hpp"

namespace outreachd::amqp {

namespace {

constexpr std::chrono::minutes line_interval{1};
constexpr std::chrono::seconds proving_time{10};
constexpr std::size_t causes_max = 16;
constexpr const char* trouble_line = "trouble at the broker; trying again";

} // namespace

void link_health::connected(const std::string& node) {
    const std::lock_guard lock(mutex_);
    if (connection_.count == 0 || is_loss_told_)
        log_.info("connected to the broker",
                  {{"link", link_}, {"node", node}, {"failures_before", connection_.count}});
    is_loss_told_ = false;
    is_connected_ = true;
    is_proved_ = false;
    connected_at_ = now_();
    node_ = node;
}

void link_health::proved() {
    const std::lock_guard lock(mutex_);
    if (is_proved_)
        return;
    is_proved_ = true;
    connection_ = {};
}

bool link_health::lost(const std::string& cause) {
    const std::lock_guard lock(mutex_);
    const bool is_new = is_connected_ && has_proved();
    if (is_new)
        connection_ = {};
    is_doubtful_ = is_connected_ && !is_new;
    is_connected_ = false;
    if (note(connection_, cause, "no connection to the broker; trying again", {}))
        is_loss_told_ = true;
    return is_new;
}

bool link_health::has_proved() const {
    return is_proved_ || now_() - connected_at_ >= proving_time;
}

bool link_health::stands() const {
    return is_connected_ && (!is_doubtful_ || has_proved());
}

void link_health::trouble(const std::string& about, const std::string& cause) {
    const std::lock_guard lock(mutex_);
    note(troubles_[about], cause, trouble_line, about);
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

/// Another cause is news at once; the same ones are told at intervals. True where it was told.
bool link_health::note(condition& what, const std::string& cause, const char* line, std::string_view about) {
    ++what.count;
    what.cause = cause;
    const bool is_news = what.told.size() < causes_max && what.told.insert(cause).second;
    const bool is_told = is_news || now_() >= what.next_line;
    if (is_told)
        tell(what, line, about);
    return is_told;
}

void link_health::tell(condition& what, const char* line, std::string_view about) {
    what.next_line = now_() + line_interval;
    log_.error(line, {{"link", link_}, {"about", about}, {"cause", what.cause}, {"times", what.count}});
}

void link_health::remind(const std::string& about, const std::string& cause) {
    const std::lock_guard lock(mutex_);
    const auto known = troubles_.find(about);
    if (known == troubles_.end()) {
        if (!cause.empty())
            note(troubles_[about], cause, trouble_line, about);
    } else if (now_() >= known->second.next_line) {
        tell(known->second, trouble_line, about);
    }
}

bool link_health::is_connected() const {
    const std::lock_guard lock(mutex_);
    return stands();
}

std::string link_health::node() const {
    const std::lock_guard lock(mutex_);
    return stands() ? node_ : std::string{};
}

std::vector<std::string> link_health::problems() const {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> found;
    if (!stands())
        found.push_back(link_ + ": not connected to the broker" +
                        (connection_.cause.empty() ? std::string{} : ": " + connection_.cause));
    for (const auto& [about, one] : troubles_)
        found.push_back(link_ + ": " + about + ": " + one.cause);
    return found;
}

} // namespace outreachd::amqp
