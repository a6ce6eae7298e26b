#include "daemon/store/quarantine_share.hpp"

namespace outreachd::store {

void quarantine_share::change(const std::string& peer, std::int64_t bytes) {
    std::uint64_t& held = by_peer_[peer];
    by_size_.erase({held, peer});
    held += static_cast<std::uint64_t>(bytes);
    total_ += static_cast<std::uint64_t>(bytes);
    if (held > 0)
        by_size_.insert({held, peer});
    else
        by_peer_.erase(peer);
}

} // namespace outreachd::store
