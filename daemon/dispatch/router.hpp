/// Decides where an event goes.
#pragma once

#include "daemon/settings/settings.hpp"
#include "daemon/store/store.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace outreachd::dispatch {

/// Routes by the globs of the configuration; what depends on a `where` is judged later, by the handler's own
/// workers, so that a program that hangs holds nobody else. Pure; any thread.
class router {
public:
    explicit router(std::vector<settings::route> routes);

    /// The handlers that the routes which take `name` lead to, each once, in the order of the file.
    /// Conditional where each of those routes has a `where`.
    std::vector<store::destination> destinations_of(std::string_view name) const;

    /// On what it depends whether an event of that name goes to `handler`. Nothing: on nothing, since a
    /// route without a `where` leads there. Empty: no route does (any more).
    std::optional<std::vector<std::string>> conditions_of(std::string_view name,
                                                          std::string_view handler) const;

    /// The whole decision, as the store keeps it: an event that no route takes is unrouted, one whose
    /// body can't be read is dead then (`unparsable`), and so is one whose row is damaged.
    store::routing decide(const store::stored_event& stored) const;

private:
    static bool takes(const settings::route& route, std::string_view name);

    std::vector<settings::route> routes_;
};

/// Where events go that this host has received.
enum class received_events {
    to_handlers,
    to_outbox, ///< And from there to a broker: routes are for what comes from it.
};

store::routing decide(const router& by, received_events go, const store::stored_event& stored);

/// Of an event whose body can't be read, and that goes to nobody.
inline constexpr const char* unparsable_reason = "unparsable";
using store::damaged_reason;

} // namespace outreachd::dispatch
