#include "daemon/ingress/endpoint_table.hpp"

#include <algorithm>

namespace outreachd::ingress {

endpoint_table::endpoint_table(const std::vector<settings::endpoint>& configured) {
    for (const settings::endpoint& one : configured) {
        const signature::policy rules{one.secrets,
                                      one.unsigned_requests == settings::unsigned_policy::accept};
        endpoints_.push_back({one.path, one.source, one.dedup_window, one.quarantine_bytes_max,
                              std::make_shared<const signature::verifier>(rules)});
    }
}

const endpoint* endpoint_table::find(std::string_view path) const noexcept {
    const auto found = std::ranges::find(endpoints_, path, &endpoint::path);
    return found == endpoints_.end() ? nullptr : &*found;
}

} // namespace outreachd::ingress
