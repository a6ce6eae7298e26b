#include "daemon/amqp_connection/connection.hpp"

#include "daemon/amqp_connection/conversation.hpp"
#include "daemon/amqp_connection/header_table.hpp"

#include <algorithm>
#include <cassert>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace outreachd::amqp_connection {

namespace {

using std::chrono::milliseconds;

/// Nobody waits longer in one call.
constexpr milliseconds wait_max = std::chrono::hours{24};

/// Around the payload of each frame (AMQP 0-9-1, 4.2.3).
constexpr std::size_t bytes_around_payload = 8;
/// Class, weight, body size and flags in front of a header frame's properties, and its fixed properties:
/// delivery mode and timestamp.
constexpr std::size_t bytes_beside_properties = 14 + 9;
constexpr std::uint8_t persistent = 2;

struct short_string {
    const char* name;
    std::string_view value;
};

amqp_channel_close_t good_bye() {
    amqp_channel_close_t fields{};
    fields.reply_code = 200;
    fields.reply_text = bytes_of("bye");
    return fields;
}

std::string in_quotes(std::string_view text) {
    constexpr std::size_t shown_max = 300;
    return "'" + std::string{text.substr(0, shown_max)} + "'";
}

} // namespace

struct connection::implementation {
    implementation(std::unique_ptr<session> with, const options& how, std::size_t index)
        : talk(std::move(with), how.answer_timeout), node_index(index),
          payload_max(static_cast<std::size_t>(amqp_get_frame_max(talk.state())) - bytes_around_payload) {}

    void check_short(std::initializer_list<short_string> texts) {
        for (const auto& [name, value] : texts)
            if (value.size() > short_string_bytes_max)
                throw talk.with().error(trouble::unusable,
                                        std::string{"the "} + name +
                                            " is longer than 255 bytes: " + in_quotes(value));
    }

    amqp_basic_properties_t properties_of(const message& what);
    void check_size(const message& what);

    queue_state ask(const conversation::question& asked) { return talk.ask(asked); }

    conversation talk;
    const std::size_t node_index;
    const std::size_t payload_max;                    ///< Of a frame.
    std::map<std::uint16_t, std::uint64_t> last_tags; ///< Of channels that confirm.
    std::vector<amqp_table_entry_t> entries;          ///< Kept, so that a publish allocates nothing.
};

/// rabbitmq-c would notice only when the first of a message's frames is on its way.
void connection::implementation::check_size(const message& what) {
    check_short({{"message id", what.message_id},
                 {"type", what.type},
                 {"content type", what.content_type},
                 {"app id", what.app_id}});
    std::size_t bytes = bytes_beside_properties + 4 + what.message_id.size() + what.type.size() +
                        what.content_type.size() + what.app_id.size() + 4;
    for (const header& one : what.headers) {
        check_short({{"name of a header", one.name}});
        bytes += 1 + one.name.size() + 1 + 4 + one.value.size();
    }
    if (bytes > payload_max)
        throw talk.with().error(trouble::unusable, "the headers take " + std::to_string(bytes) +
                                                       " bytes, and no more than " +
                                                       std::to_string(payload_max) + " are possible");
}

amqp_basic_properties_t connection::implementation::properties_of(const message& what) {
    amqp_basic_properties_t made{};
    made._flags = AMQP_BASIC_DELIVERY_MODE_FLAG;
    made.delivery_mode = persistent;
    const auto set = [&](amqp_flags_t flag, amqp_bytes_t& into, const std::string& text) {
        if (text.empty())
            return;
        made._flags |= flag;
        into = bytes_of(text);
    };
    set(AMQP_BASIC_MESSAGE_ID_FLAG, made.message_id, what.message_id);
    set(AMQP_BASIC_TYPE_FLAG, made.type, what.type);
    set(AMQP_BASIC_CONTENT_TYPE_FLAG, made.content_type, what.content_type);
    set(AMQP_BASIC_APP_ID_FLAG, made.app_id, what.app_id);
    if (what.timestamp) {
        made._flags |= AMQP_BASIC_TIMESTAMP_FLAG;
        made.timestamp = *what.timestamp;
    }
    if (!what.headers.empty()) {
        made._flags |= AMQP_BASIC_HEADERS_FLAG;
        made.headers = table_of(what.headers, entries);
    }
    return made;
}

connection::connection(const options& how, watchdog& by) {
    assert(!how.nodes.empty());
    std::optional<amqp_error> worst;
    for (std::size_t tried = 0; tried < how.nodes.size(); ++tried) {
        const std::size_t index = (how.first_node + tried) % how.nodes.size();
        try {
            implementation_ = std::make_unique<implementation>(
                std::make_unique<session>(how.nodes[index], how, by), how, index);
            return;
        } catch (const amqp_error& error) {
            if (error.kind() == trouble::too_late)
                throw;
            // A refusal is for somebody to mend; a node that is down comes back by itself.
            if (!worst || worst->kind() != trouble::refused)
                worst = error;
        }
    }
    if (how.nodes.size() == 1)
        throw amqp_error{*worst};
    throw amqp_error{worst->kind(),
                     worst->what() + std::string{" (none of the "} + std::to_string(how.nodes.size()) +
                         " nodes lets us in)",
                     worst->reply_code()};
}

connection::~connection() = default;

const std::string& connection::node() const noexcept {
    return implementation_->talk.with().node();
}

std::size_t connection::node_index() const noexcept {
    return implementation_->node_index;
}

void connection::answer_within(milliseconds timeout) noexcept {
    implementation_->talk.answer_within(timeout);
}

void connection::open_channel(std::uint16_t channel) {
    implementation_->last_tags.erase(channel);
    implementation_->talk.open(channel);
}

void connection::close_channel_unanswered(std::uint16_t channel) {
    implementation& own = *implementation_;
    if (own.talk.is_open(channel)) {
        amqp_channel_close_t fields = good_bye();
        own.talk.send("can't close a channel", [&] {
            return amqp_send_method(own.talk.state(), channel, AMQP_CHANNEL_CLOSE_METHOD, &fields);
        });
    }
    own.talk.forget(channel);
    own.last_tags.erase(channel);
}

void connection::close_channel(std::uint16_t channel) {
    amqp_channel_close_t fields = good_bye();
    try {
        implementation_->ask({channel, AMQP_CHANNEL_CLOSE_METHOD, &fields, AMQP_CHANNEL_CLOSE_OK_METHOD,
                              "can't close a channel"});
    } catch (const amqp_error& error) { // the broker may have been quicker
        if (error.closed_channel() != channel)
            throw;
    }
    implementation_->talk.forget(channel);
    implementation_->last_tags.erase(channel);
}

void connection::declare_topic_exchange(std::uint16_t channel, const std::string& name) {
    implementation_->check_short({{"exchange's name", name}});
    amqp_exchange_declare_t fields{};
    fields.exchange = bytes_of(name);
    fields.type = bytes_of("topic");
    fields.durable = 1;
    implementation_->ask({channel, AMQP_EXCHANGE_DECLARE_METHOD, &fields, AMQP_EXCHANGE_DECLARE_OK_METHOD,
                          "can't declare the exchange " + in_quotes(name)});
}

queue_state connection::declare_queue(std::uint16_t channel, const std::string& name,
                                      const queue_arguments& how) {
    implementation_->check_short({{"queue's name", name}});
    const bool is_quorum = how.kind == queue_kind::quorum;
    std::vector<amqp_table_entry_t>& arguments = implementation_->entries;
    arguments.assign({text_entry("x-queue-type", is_quorum ? "quorum" : "classic")});
    if (how.rejects_when_full)
        arguments.push_back(text_entry("x-overflow", "reject-publish"));
    if (how.has_one_consumer)
        arguments.push_back(flag_entry("x-single-active-consumer", true));
    if (is_quorum && how.delivery_limit)
        arguments.push_back(number_entry("x-delivery-limit", *how.delivery_limit));
    amqp_queue_declare_t fields{};
    fields.queue = bytes_of(name);
    fields.durable = 1;
    fields.arguments = {static_cast<int>(arguments.size()), arguments.data()};
    return implementation_->ask({channel, AMQP_QUEUE_DECLARE_METHOD, &fields, AMQP_QUEUE_DECLARE_OK_METHOD,
                                 "can't declare the queue " + in_quotes(name)});
}

queue_state connection::look_at_queue(std::uint16_t channel, const std::string& name) {
    implementation_->check_short({{"queue's name", name}});
    amqp_queue_declare_t fields{};
    fields.queue = bytes_of(name);
    fields.passive = 1;
    return implementation_->ask({channel, AMQP_QUEUE_DECLARE_METHOD, &fields, AMQP_QUEUE_DECLARE_OK_METHOD,
                                 "can't look at the queue " + in_quotes(name)});
}

bool connection::lock(std::uint16_t channel, const std::string& name) {
    implementation_->check_short({{"queue's name", name}});
    std::vector<amqp_table_entry_t>& arguments = implementation_->entries;
    arguments.assign({text_entry("x-queue-type", "classic")}); // whatever the vhost's default is
    amqp_queue_declare_t fields{};
    fields.queue = bytes_of(name);
    fields.exclusive = 1;
    fields.arguments = {static_cast<int>(arguments.size()), arguments.data()};
    try {
        implementation_->ask({channel, AMQP_QUEUE_DECLARE_METHOD, &fields, AMQP_QUEUE_DECLARE_OK_METHOD,
                              "can't lock " + in_quotes(name)});
        return true;
    } catch (const amqp_error& refused) {
        if (refused.reply_code() != AMQP_RESOURCE_LOCKED || refused.closed_channel() != channel)
            throw;
        open_channel(channel);
        return false;
    }
}

void connection::unlock(std::uint16_t channel, const std::string& name) {
    amqp_queue_delete_t fields{};
    fields.queue = bytes_of(name);
    implementation_->ask({channel, AMQP_QUEUE_DELETE_METHOD, &fields, AMQP_QUEUE_DELETE_OK_METHOD,
                          "can't unlock " + in_quotes(name)});
}

void connection::confirm_publishes(std::uint16_t channel) {
    amqp_confirm_select_t fields{};
    implementation_->ask({channel, AMQP_CONFIRM_SELECT_METHOD, &fields, AMQP_CONFIRM_SELECT_OK_METHOD,
                          "can't turn confirms on"});
    implementation_->last_tags.emplace(channel, 0);
}

std::uint64_t connection::publish(std::uint16_t channel, const published& what) {
    implementation& own = *implementation_;
    own.talk.expect_open(channel);
    own.check_short({{"exchange's name", what.exchange}, {"routing key", what.routing_key}});
    own.check_size(*what.what);
    const amqp_basic_properties_t properties = own.properties_of(*what.what);
    own.talk.send("can't publish", [&] {
        return amqp_basic_publish(own.talk.state(), channel, bytes_of(what.exchange),
                                  bytes_of(what.routing_key), what.is_mandatory ? 1 : 0, 0, &properties,
                                  bytes_of(what.what->body));
    });
    // rabbitmq-c announces more to come after a last frame that is full, and the system waits for it.
    if (!what.what->body.empty() && what.what->body.size() % own.payload_max == 0)
        own.talk.with().push_out();
    const auto tag = own.last_tags.find(channel);
    return tag == own.last_tags.end() ? 0 : ++tag->second;
}

void connection::cork(bool is_corked) noexcept {
    const int value = is_corked ? 1 : 0; // a mere hint: where it fails, packets are smaller
    ::setsockopt(amqp_get_sockfd(implementation_->talk.state()), IPPROTO_TCP, TCP_CORK, &value, sizeof value);
}

void connection::limit_unacked(std::uint16_t channel, std::uint16_t prefetch) {
    amqp_basic_qos_t fields{};
    fields.prefetch_count = prefetch;
    implementation_->ask({channel, AMQP_BASIC_QOS_METHOD, &fields, AMQP_BASIC_QOS_OK_METHOD,
                          "can't limit what is sent unacked"});
}

void connection::consume(std::uint16_t channel, const std::string& queue, const std::string& consumer) {
    implementation_->check_short({{"queue's name", queue}, {"consumer's tag", consumer}});
    amqp_basic_consume_t fields{};
    fields.queue = bytes_of(queue);
    fields.consumer_tag = bytes_of(consumer);
    implementation_->ask({channel, AMQP_BASIC_CONSUME_METHOD, &fields, AMQP_BASIC_CONSUME_OK_METHOD,
                          "can't consume the queue " + in_quotes(queue)});
}

void connection::consume_unanswered(std::uint16_t channel, const std::string& queue,
                                    const std::string& consumer) {
    implementation& own = *implementation_;
    own.talk.expect_open(channel);
    own.check_short({{"queue's name", queue}, {"consumer's tag", consumer}});
    amqp_basic_consume_t fields{};
    fields.queue = bytes_of(queue);
    fields.consumer_tag = bytes_of(consumer);
    fields.nowait = 1;
    own.talk.send("can't consume", [&] {
        return amqp_send_method(own.talk.state(), channel, AMQP_BASIC_CONSUME_METHOD, &fields);
    });
}

void connection::cancel(std::uint16_t channel, const std::string& consumer) {
    implementation_->check_short({{"consumer's tag", consumer}});
    amqp_basic_cancel_t fields{};
    fields.consumer_tag = bytes_of(consumer);
    implementation_->ask({channel, AMQP_BASIC_CANCEL_METHOD, &fields, AMQP_BASIC_CANCEL_OK_METHOD,
                          "can't end the consumer " + in_quotes(consumer)});
    implementation_->talk.tell_last(channel, consumer_ended{channel});
}

void connection::ack(std::uint16_t channel, std::uint64_t tag, bool is_multiple) {
    implementation& own = *implementation_;
    own.talk.expect_open(channel);
    own.talk.send("can't ack",
                  [&] { return amqp_basic_ack(own.talk.state(), channel, tag, is_multiple ? 1 : 0); });
}

std::optional<incoming> connection::next(std::chrono::milliseconds at_most) {
    return implementation_->talk.next(std::clamp(at_most, milliseconds{0}, wait_max));
}

void connection::keep_alive() {
    implementation_->talk.keep_alive();
}

bool connection::is_blocked() const noexcept {
    return implementation_->talk.is_blocked();
}

} // namespace outreachd::amqp_connection
