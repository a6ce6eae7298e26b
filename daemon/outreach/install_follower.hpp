/// Learns from deliveries which install of our app there is (contract 1.29 to 1.33).
#pragma once

#include "daemon/event/event.hpp"
#include "daemon/log/logger.hpp"
#include "daemon/store/store.hpp"
#include "handlers/outreach/access.hpp"

#include <memory>
#include <optional>
#include <set>
#include <string>

namespace outreachd::outreach {

/// `install.created` or `install.deleted`.
struct install_news {
    std::string app;     ///< Whose install it is: an app's GUID.
    std::string install; ///< Its id.
    bool is_over = false;
    friend bool operator==(const install_news&, const install_news&) = default;
};

/// Nothing where the event is none of these, or doesn't say whose.
std::optional<install_news> read_install_news(const event& what);

/// Looks for such events in the store, and keeps what they say beside the tokens. Only those of our own app
/// count, and only from endpoints that ask for a signature: a stranger's would send our requests elsewhere.
/// One thread; the store and the log outlive it.
class install_follower {
public:
    /// `proven`: the paths of endpoints that take nothing unsigned. Nothing: all events come from other
    /// hosts, whose word is good.
    install_follower(std::shared_ptr<handlers::outreach::access> shared, std::string guid,
                     std::optional<std::set<std::string>> proven, store::store& events, log::logger& log);

    /// Takes in what has come since the last look; the first one goes back some minutes.
    void look();

private:
    void take(const event& what);

    const std::shared_ptr<handlers::outreach::access> shared_;
    const std::string guid_;
    const std::optional<std::set<std::string>> proven_;
    store::store& events_;
    log::logger& log_;
    std::unique_ptr<store::reader> reader_;
    store::sequence looked_up_to_;
};

} // namespace outreachd::outreach
