/// Which paths are served, and who proves what comes to each.
#pragma once

#include "daemon/settings/settings.hpp"
#include "daemon/signature/verifier.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace outreachd::ingress {

/// One configured endpoint, ready for use.
struct endpoint {
    std::string path;
    std::string source;
    std::chrono::milliseconds dedup_window{};
    std::uint64_t quarantine_bytes_max = 0; ///< 0: no quarantine.
    std::shared_ptr<const signature::verifier> verifier;
};

/// The endpoints of one configuration. Immutable: a reload makes another and swaps them, while
/// requests in hand keep the one they began with.
class endpoint_table {
public:
    /// Makes each endpoint's verifier from its secrets.
    explicit endpoint_table(const std::vector<settings::endpoint>& configured);

    /// Null where no endpoint has exactly this path.
    const endpoint* find(std::string_view path) const noexcept;

    const std::vector<endpoint>& all() const noexcept { return endpoints_; }

private:
    std::vector<endpoint> endpoints_;
};

} // namespace outreachd::ingress
