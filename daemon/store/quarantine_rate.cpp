#include "daemon/store/quarantine_rate.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace outreachd::store {

namespace {

/// A bucket not asked for in that time is full again, and so as good as none.
constexpr std::chrono::seconds peer_generation{30};
static_assert(peer_generation.count() * rate_of_peer.requests.per_second >= rate_of_peer.requests.burst);
static_assert(peer_generation.count() * rate_of_peer.bytes.per_second >= rate_of_peer.bytes.burst);

} // namespace

rate_bucket::rate_bucket(const quarantine_rate& most, steady_time now)
    : most_(most), requests_(most.requests.burst), bytes_(most.bytes.burst), refilled_at_(now) {}

bool rate_bucket::take(double bytes, steady_time now) {
    const double seconds = std::chrono::duration<double>(now - refilled_at_).count();
    requests_ = std::min(most_.requests.burst, requests_ + most_.requests.per_second * seconds);
    bytes_ = std::min(most_.bytes.burst, bytes_ + most_.bytes.per_second * seconds);
    refilled_at_ = now;
    if (requests_ < 1 || bytes_ < bytes)
        return false;
    requests_ -= 1;
    bytes_ -= bytes;
    return true;
}

bool peer_buckets::take(const std::string& peer, double bytes, steady_time now) {
    auto found = younger_.find(peer);
    if (found == younger_.end()) {
        if (younger_.size() >= peers_max || now - begun_at_ >= peer_generation) {
            older_ = std::move(younger_);
            younger_.clear();
            begun_at_ = now;
        }
        const auto known = older_.find(peer);
        found = younger_.emplace(peer, known == older_.end() ? rate_bucket{rate_of_peer, now} : known->second)
                    .first;
    }
    return found->second.take(bytes, now);
}

} // namespace outreachd::store
