/// Decides where an event goes.
#pragma once

#include "daemon/settings/settings.hpp"
#include "daemon/store/records.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace outreachd::dispatch {

/// Routes by the globs of the configuration. Pure; any thread.
class router {
public:
    explicit router(std::vector<settings::route> routes);

    /// The handlers that the routes which take `name` lead to, each once, in the order of the file.
    std::vector<std::string> handlers_of(std::string_view name) const;

    /// The whole decision, as the store keeps it: an event that no route takes is unrouted, one whose
    /// body can't be read is dead then (`unparsable`), and so is one whose row is damaged.
    store::routing decide(const store::stored_event& stored) const;

private:
    std::vector<settings::route> routes_;
};

/// The same for all events of one resource, on every host and after every restart; 0 for an event
/// without an id. Two resources that happen to share a key are merely handled in turn.
std::uint64_t ordering_key(const event_facts& facts);

inline constexpr const char* damaged_reason = "the stored record is damaged: its checksum doesn't hold";

} // namespace outreachd::dispatch
