#include "daemon/amqp_connection/inbox.hpp"

#include "daemon/amqp_connection/header_table.hpp"

#include <algorithm>

namespace outreachd::amqp_connection {

namespace {

std::string text_of(const amqp_bytes_t& bytes) {
    return std::string{view_of(bytes)};
}

bool has(const amqp_basic_properties_t& properties, amqp_flags_t flag) {
    return (properties._flags & flag) != 0;
}

void read_properties(const amqp_basic_properties_t& from, message& into) {
    if (has(from, AMQP_BASIC_MESSAGE_ID_FLAG))
        into.message_id = text_of(from.message_id);
    if (has(from, AMQP_BASIC_TYPE_FLAG))
        into.type = text_of(from.type);
    if (has(from, AMQP_BASIC_CONTENT_TYPE_FLAG))
        into.content_type = text_of(from.content_type);
    if (has(from, AMQP_BASIC_APP_ID_FLAG))
        into.app_id = text_of(from.app_id);
    if (has(from, AMQP_BASIC_TIMESTAMP_FLAG))
        into.timestamp = from.timestamp;
    if (has(from, AMQP_BASIC_HEADERS_FLAG))
        into.headers = headers_of(from.headers);
}

delivered begin(std::uint16_t channel, const amqp_basic_deliver_t& method) {
    delivered made;
    made.channel = channel;
    made.consumer = text_of(method.consumer_tag);
    made.tag = method.delivery_tag;
    made.is_redelivered = method.redelivered != 0;
    made.exchange = text_of(method.exchange);
    made.routing_key = text_of(method.routing_key);
    return made;
}

returned begin(std::uint16_t channel, const amqp_basic_return_t& method) {
    returned made;
    made.reply_code = method.reply_code;
    made.reply_text = text_of(method.reply_text);
    made.exchange = text_of(method.exchange);
    made.routing_key = text_of(method.routing_key);
    made.channel = channel;
    return made;
}

} // namespace

bool inbox::take_method(std::uint16_t channel, const amqp_method_t& method) {
    switch (method.id) {
    case AMQP_BASIC_ACK_METHOD: {
        const auto& ack = *static_cast<const amqp_basic_ack_t*>(method.decoded);
        put(channel, confirmed{ack.delivery_tag, ack.multiple != 0, true, channel});
        return true;
    }
    case AMQP_BASIC_NACK_METHOD: {
        const auto& nack = *static_cast<const amqp_basic_nack_t*>(method.decoded);
        put(channel, confirmed{nack.delivery_tag, nack.multiple != 0, false, channel});
        return true;
    }
    case AMQP_BASIC_CANCEL_METHOD: {
        const auto& cancel = *static_cast<const amqp_basic_cancel_t*>(method.decoded);
        put(channel, consumer_cancelled{channel, text_of(cancel.consumer_tag)});
        return true;
    }
    case AMQP_BASIC_DELIVER_METHOD:
        unfinished_[channel] = {begin(channel, *static_cast<const amqp_basic_deliver_t*>(method.decoded)),
                                false, 0};
        return true;
    case AMQP_BASIC_RETURN_METHOD:
        unfinished_[channel] = {begin(channel, *static_cast<const amqp_basic_return_t*>(method.decoded)),
                                false, 0};
        return true;
    default:
        return false;
    }
}

bool inbox::take_header(std::uint16_t channel, const amqp_basic_properties_t& properties,
                        std::uint64_t body_bytes) {
    const auto at = unfinished_.find(channel);
    if (at == unfinished_.end() || at->second.has_header || body_bytes > body_bytes_max)
        return false;
    unfinished& begun = at->second;
    begun.has_header = true;
    begun.bytes_left = body_bytes;
    if (auto* const message_there = std::get_if<delivered>(&begun.what)) {
        read_properties(properties, message_there->what);
        message_there->what.body.reserve(body_bytes);
    } else if (has(properties, AMQP_BASIC_MESSAGE_ID_FLAG)) {
        std::get<returned>(begun.what).message_id = text_of(properties.message_id);
    }
    if (begun.bytes_left == 0)
        finish(at);
    return true;
}

bool inbox::take_body(std::uint16_t channel, const amqp_bytes_t& part) {
    const auto at = unfinished_.find(channel);
    if (at == unfinished_.end() || !at->second.has_header || part.len > at->second.bytes_left)
        return false;
    // Of a returned message the sender has the body still.
    if (auto* const message_there = std::get_if<delivered>(&at->second.what))
        message_there->what.body.append(view_of(part));
    at->second.bytes_left -= part.len;
    if (at->second.bytes_left == 0)
        finish(at);
    return true;
}

void inbox::finish(std::map<std::uint16_t, unfinished>::iterator at) {
    std::visit([&](auto& whole) { put(at->first, std::move(whole)); }, at->second.what);
    unfinished_.erase(at);
}

void inbox::put(std::uint16_t channel, incoming what) {
    waiting_.push_back({channel, std::move(what)});
}

void inbox::put_error(const amqp_error& error) {
    waiting_.push_back({error.closed_channel(), error});
}

std::optional<incoming> inbox::take_next() {
    if (waiting_.empty())
        return std::nullopt;
    item next = std::move(waiting_.front());
    waiting_.pop_front();
    if (const auto* const error = std::get_if<amqp_error>(&next.what))
        throw *error;
    return std::move(std::get<incoming>(next.what));
}

void inbox::forget(std::uint16_t channel) {
    unfinished_.erase(channel);
    std::erase_if(waiting_, [&](const item& one) { return one.channel == channel; });
}

void inbox::forget_error(std::uint16_t channel) {
    std::erase_if(waiting_, [&](const item& one) {
        return one.channel == channel && std::holds_alternative<amqp_error>(one.what);
    });
}

} // namespace outreachd::amqp_connection
