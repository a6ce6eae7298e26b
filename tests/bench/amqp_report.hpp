/// What `amqp` found, as tables for people and JSON for programs.
#pragma once

#include "tests/bench/amqp_drain.hpp"
#include "tests/bench/event_flow.hpp"
#include "tests/bench/latency_result.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace outreachd::bench {

/// What the work queues are, and how much may be in flight.
struct amqp_case {
    std::string kind;
    std::size_t window = 0;
};

/// One after the other.
struct flow_round {
    flow_result bare;
    flow_result intake;
    flow_result relay;
};

struct flow_row {
    amqp_case at;
    std::vector<flow_round> rounds;
};

struct latency_row {
    amqp_case at;
    latency_result bare;    ///< From publish to both confirms.
    latency_result through; ///< From ack to handler.
};

struct amqp_findings {
    double rate = 0; ///< Of all latencies.
    std::vector<flow_row> flows;
    std::vector<latency_row> latencies;
    std::optional<drain_result> drain;
};

/// What is wanted of the relay: its share of the broker's limit, and what draining does to the p99 of acks.
inline constexpr double relay_share_min = 0.8;
inline constexpr double drain_ratio_max = 1.5;

double events_per_second(const flow_result& result);
double cpu_us_per_event(const flow_result& result);

/// The median of the rounds; of an even number the lower one of the two in the middle. 0 where there is none.
double median_of(const std::vector<flow_round>& rounds, double (*figure)(const flow_round&));
/// Rates over the bare one's, of one round: what changes from round to round touches both.
double relay_share(const flow_round& round);
double intake_share(const flow_round& round);

/// Of the p99: draining over quiet. Nothing where either wasn't measured.
std::optional<double> drain_ratio(const drain_result& result);

/// Whether what was measured is as wanted.
bool meets_targets(const amqp_findings& found);

std::string as_text(const amqp_findings& found);
std::string as_json(const amqp_findings& found);

} // namespace outreachd::bench
