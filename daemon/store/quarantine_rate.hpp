/// How much the quarantine takes in a second: of each peer, and of all together.
#pragma once

#include "daemon/event/timestamp.hpp"

#include <cstddef>
#include <map>
#include <string>

namespace outreachd::store {

/// So much a second, and so much at once after a while without any.
struct quarantine_rate {
    struct flow {
        double per_second;
        double burst;
    };

    flow requests;
    flow bytes;
};

/// What is kept costs the disk that genuine events need, so its bytes have a rate as well as its requests.
inline constexpr quarantine_rate rate_of_all{{500, 4000}, {4.0 * 1024 * 1024, 64.0 * 1024 * 1024}};
inline constexpr quarantine_rate rate_of_peer{{100, 1500}, {1.0 * 1024 * 1024, 24.0 * 1024 * 1024}};

/// What is left of a rate. One thread at a time, like all here; the times given never go back.
class rate_bucket {
public:
    /// Full.
    rate_bucket(const quarantine_rate& most, steady_time now);

    /// Takes a request of so many bytes. False: there isn't so much left, and nothing is taken.
    bool take(double bytes, steady_time now);

private:
    quarantine_rate most_;
    double requests_;
    double bytes_;
    steady_time refilled_at_;
};

/// A bucket for each peer that came lately, in two generations so that they stay bounded: those of the
/// older one that aren't asked for again are forgotten with it.
class peer_buckets {
public:
    /// In each generation. A full one ends early: many peers at once are for the shared rate to bound.
    static constexpr std::size_t peers_max = 4096;

    explicit peer_buckets(steady_time now) : begun_at_(now) {}

    /// As `rate_bucket::take`, of the peer's own.
    bool take(const std::string& peer, double bytes, steady_time now);

    std::size_t size() const noexcept { return younger_.size() + older_.size(); }

private:
    using generation = std::map<std::string, rate_bucket, std::less<>>;
    generation younger_;
    generation older_;
    steady_time begun_at_; // the younger one
};

/// Both.
class quarantine_rates {
public:
    explicit quarantine_rates(steady_time now) : by_peer_(now), of_all_(rate_of_all, now) {}

    /// The peer's own rate first, so that what one sends above it leaves the shared rate to the others.
    bool take(const std::string& peer, double bytes, steady_time now) {
        return by_peer_.take(peer, bytes, now) && of_all_.take(bytes, now);
    }

private:
    peer_buckets by_peer_;
    rate_bucket of_all_;
};

} // namespace outreachd::store
