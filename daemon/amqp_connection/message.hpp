/// What is sent to a broker and comes from it.
#pragma once

#include "daemon/event/event.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace outreachd::amqp_connection {

/// AMQP's short strings: names, types, routing keys.
inline constexpr std::size_t short_string_bytes_max = 255;

/// Properties (AMQP 0-9-1, class basic) and body. An empty text is left out.
struct message {
    std::string message_id;
    std::string type;
    std::string content_type;
    std::string app_id;
    std::optional<std::uint64_t> timestamp; ///< Seconds since 1970.
    std::vector<header> headers; ///< Values are long strings; others of what came are turned into text.
    std::string body;
};

struct published {
    std::string exchange; ///< Empty: the default one, whose routing key is the queue's name.
    std::string routing_key;
    bool is_mandatory = false; ///< Returned where no queue takes it.
    const message* what = nullptr;
};

// What comes in, beside answers.

/// The broker has taken, or refused, what was published: up to `tag` where `is_multiple`.
struct confirmed {
    std::uint64_t tag = 0;
    bool is_multiple = false;
    bool is_taken = true; ///< False: basic.nack.
    std::uint16_t channel = 0;
};

/// A mandatory message that no queue took; its confirm comes right after it, and says "taken".
struct returned {
    std::uint16_t reply_code = 0;
    std::string reply_text;
    std::string exchange;
    std::string routing_key;
    std::string message_id;
    std::uint16_t channel = 0;
};

struct delivered {
    std::uint16_t channel = 0;
    std::string consumer;
    std::uint64_t tag = 0;
    bool is_redelivered = false;
    std::string exchange;
    std::string routing_key;
    message what;
};

/// The broker has ended a consumer: its queue is gone, or its leader.
struct consumer_cancelled {
    std::uint16_t channel = 0;
    std::string consumer;
};

/// A `cancel` of ours was answered: nothing more comes for the consumer, and what came was told.
struct consumer_ended {
    std::uint16_t channel = 0;
};

/// A memory or disk alarm: the broker reads nothing more of this connection until it is over, and heartbeats
/// are off as well.
struct blocked {
    std::string reason;
};

struct unblocked {};

using incoming =
    std::variant<confirmed, returned, delivered, consumer_cancelled, consumer_ended, blocked, unblocked>;

} // namespace outreachd::amqp_connection
