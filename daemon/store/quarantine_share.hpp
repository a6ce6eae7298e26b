/// Who takes up how much of what is kept of an endpoint's requests.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>

namespace outreachd::store {

/// The bytes of each peer address, and who has most of them. One thread at a time.
class quarantine_share {
public:
    /// `bytes` more, or fewer: never more of these than the peer has.
    void change(const std::string& peer, std::int64_t bytes);

    /// Of all peers.
    std::uint64_t total() const noexcept { return total_; }

    /// Who takes up most; null where nobody takes up anything. Valid until the next change.
    const std::string* largest() const noexcept {
        return by_size_.empty() ? nullptr : &by_size_.rbegin()->second;
    }

private:
    std::uint64_t total_ = 0;
    std::map<std::string, std::uint64_t, std::less<>> by_peer_;
    std::set<std::pair<std::uint64_t, std::string>> by_size_;
};

} // namespace outreachd::store
