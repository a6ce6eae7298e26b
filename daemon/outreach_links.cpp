#include "daemon/outreach_links.hpp"

#include <chrono>
#include <utility>

namespace outreachd {

namespace {

using namespace std::chrono_literals;

/// A watch that a reload replaces asks for nothing that matters any more.
constexpr auto old_watch_patience = 100ms;

std::optional<settings::webhooks> webhooks_of(const settings::settings& from) {
    return from.roles.receives ? from.webhooks : std::nullopt;
}

} // namespace

outreach_links::outreach_links(const settings::settings& configured, metrics::metrics& figures,
                               log::logger& log)
    : figures_(figures), log_(log), outreach_(configured.outreach), webhooks_(webhooks_of(configured)),
      directory_(configured.store.directory) {
    if (outreach_)
        calls_ = {std::make_shared<handlers::outreach::access>(*outreach_, directory_),
                  {.on_request = figures_.api_request_counter()}};
    watch_ = make_watch();
    figures_.add_gauge("webhooks_disabled", "Webhooks at Outreach that lead here and send nothing.", "",
                       [this] {
                           const auto one = watching();
                           return one ? static_cast<double>(one->disabled_webhooks()) : 0.0;
                       });
}

outreach_links::~outreach_links() {
    stop(std::chrono::steady_clock::now() + 1s);
}

void outreach_links::start() {
    if (const auto one = watching())
        one->start();
}

handlers::outreach_calls outreach_links::calls_of(const settings::settings& next) const {
    if (next.outreach == outreach_)
        return calls_; // with what it knows of tokens and limits
    if (!next.outreach)
        return {};
    return {std::make_shared<handlers::outreach::access>(*next.outreach, directory_),
            {.on_request = figures_.api_request_counter()}};
}

void outreach_links::use(handlers::outreach_calls calls, const settings::settings& next) {
    const bool is_same = next.outreach == outreach_ && webhooks_of(next) == webhooks_;
    calls_ = std::move(calls);
    outreach_ = next.outreach;
    webhooks_ = webhooks_of(next);
    if (is_same)
        return;
    auto fresh = make_watch();
    if (fresh)
        fresh->start();
    {
        const std::lock_guard lock(mutex_);
        watch_.swap(fresh);
    }
    if (fresh)
        fresh->finish_stop(std::chrono::steady_clock::now() + old_watch_patience);
}

bool outreach_links::stop(steady_time until) {
    const auto one = watching();
    return !one || one->finish_stop(until);
}

std::vector<std::string> outreach_links::problems() const {
    const auto one = watching();
    return one ? one->problems() : std::vector<std::string>{};
}

std::shared_ptr<outreach::watch> outreach_links::make_watch() const {
    return calls_.shared ? std::make_shared<outreach::watch>(calls_.shared, calls_.hooks, webhooks_, log_)
                         : nullptr;
}

std::shared_ptr<outreach::watch> outreach_links::watching() const {
    const std::lock_guard lock(mutex_);
    return watch_;
}

} // namespace outreachd
