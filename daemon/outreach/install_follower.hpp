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
    /// `proven`: the paths of endpoints that take nothing unsigned.
    install_follower(std::shared_ptr<handlers::outreach::access> shared, std::string guid,
                     std::set<std::string> proven, store::store& events, log::logger& log);

    /// Takes in what has come since the last look, also that of an earlier process: up to where that was is
    /// kept beside the tokens. Nothing there: all that the store has.
    void look();

private:
    bool take(const event& what, wall_time at);
    void note_place();

    const std::shared_ptr<handlers::outreach::access> shared_;
    const std::string guid_;
    const std::set<std::string> proven_;
    store::store& events_;
    log::logger& log_;
    std::unique_ptr<store::reader> reader_;
    store::sequence looked_up_to_ = 0;
};

} // namespace outreachd::outreach
