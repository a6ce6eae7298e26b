#include "daemon/amqp_connection/conversation.hpp"

#include "daemon/amqp_connection/header_table.hpp"
#include "daemon/amqp_connection/timeouts.hpp"

#include <algorithm>
#include <cerrno>

#include <poll.h>

namespace outreachd::amqp_connection {

namespace {

constexpr std::chrono::seconds good_bye_timeout{1};
/// What the broker may have sent before it closed the connection under a message of ours.
constexpr int last_frames_max = 1000;
constexpr int reply_success = 200;
/// They are sent and missed by reads only.
constexpr std::chrono::seconds heartbeat_look{1};

trouble kind_of(const amqp_channel_close_t& close) {
    const bool is_declaration = (close.class_id == AMQP_QUEUE_CLASS || close.class_id == AMQP_EXCHANGE_CLASS);
    switch (close.reply_code) {
    case 403:
        return trouble::refused;
    case 404:
        return trouble::not_found;
    case 406:
        return is_declaration ? trouble::differs : trouble::rejected;
    default:
        return trouble::rejected;
    }
}

/// rabbitmq-c rounds down to whole milliseconds, and of a wait for one makes none at all.
void wait_for_input(int socket, steady_time deadline) {
    using std::chrono::nanoseconds;
    const nanoseconds left =
        std::clamp<nanoseconds>(deadline - std::chrono::steady_clock::now(), nanoseconds{0}, heartbeat_look);
    const timespec at_most{static_cast<time_t>(left.count() / std::nano::den),
                           static_cast<long>(left.count() % std::nano::den)};
    pollfd readable{socket, POLLIN, 0};
    ::ppoll(&readable, 1, &at_most, nullptr); // whatever comes of it, the next read tells
}

} // namespace

conversation::conversation(std::unique_ptr<session> with, std::chrono::milliseconds answer_timeout)
    : answer_timeout_(answer_timeout), session_(std::move(with)) {}

conversation::~conversation() {
    // A broker that has blocked us reads nothing, and so hears no good-bye.
    if (!session_->is_broken() && !session_->watched().is_ended() && !is_blocked_)
        say_good_bye();
}

queue_state conversation::ask(const question& asked) {
    expect_open(asked.channel);
    return exchange(asked);
}

void conversation::open(std::uint16_t channel) {
    amqp_channel_open_t fields{};
    exchange(
        {channel, AMQP_CHANNEL_OPEN_METHOD, &fields, AMQP_CHANNEL_OPEN_OK_METHOD, "can't open a channel"});
    forget(channel); // also what came behind its end
    closed_.erase(channel);
}

queue_state conversation::exchange(const question& asked) {
    steady_time deadline = answer_deadline();
    const bounded_call bound{session_->watched(), deadline};
    expected_ = {};
    expected_.to = &asked;

    struct no_more {
        expected_answer& expected;

        ~no_more() { expected.to = nullptr; }
    } const afterwards{expected_};

    errno = 0;
    check_sent(amqp_send_method(state(), asked.channel, asked.method, asked.fields), asked.what.c_str());
    while (!expected_.has_come && !expected_.refusal) {
        const std::uint64_t before = body_frames_;
        if (!read_frame(deadline, asked.what.c_str()))
            throw session_->broken(AMQP_STATUS_TIMEOUT, asked.what);
        if (body_frames_ == before)
            continue;
        // The answer waits behind a large body, or many, on a line that has its time.
        deadline = answer_deadline();
        session_->watched().expect_by(deadline);
    }
    if (expected_.refusal)
        throw amqp_error{*expected_.refusal};
    return expected_.declared;
}

void conversation::check_sent(int status, const char* what) {
    if (status >= 0)
        return;
    // The broker says why it closes a connection before it does, and that may wait to be read.
    const int system_error = errno;
    for (int n = 0; n < last_frames_max && !session_->watched().is_ended(); ++n) {
        amqp_frame_t frame;
        const timeval at_once{};
        if (amqp_simple_wait_frame_noblock(state(), &frame, &at_once) != AMQP_STATUS_OK)
            break;
        if (frame.frame_type == AMQP_FRAME_METHOD && frame.channel == 0 &&
            frame.payload.method.id == AMQP_CONNECTION_CLOSE_METHOD)
            throw session_->closed(
                *static_cast<const amqp_connection_close_t*>(frame.payload.method.decoded));
        amqp_maybe_release_buffers_on_channel(state(), frame.channel);
    }
    errno = system_error;
    throw session_->broken(status, what);
}

std::optional<incoming> conversation::next(std::chrono::milliseconds at_most) {
    const steady_time deadline = std::chrono::steady_clock::now() + at_most;
    // Also waiting sends: heartbeats, and the answer to a close.
    const bounded_call bound{session_->watched(), deadline + answer_timeout_};
    for (;;) {
        if (auto told = inbox_.take_next())
            return told;
        if (!read_frame(deadline, "the connection is lost"))
            return std::nullopt;
    }
}

/// False where none has come by the deadline. Never waits for what is buffered already.
bool conversation::read_frame(steady_time deadline, const char* what) {
    amqp_frame_t frame;
    const timeval at_once{};
    int status = AMQP_STATUS_OK;
    for (;;) {
        errno = 0;
        status = amqp_simple_wait_frame_noblock(state(), &frame, &at_once);
        if (status != AMQP_STATUS_TIMEOUT)
            break;
        if (std::chrono::steady_clock::now() >= deadline)
            return false;
        wait_for_input(amqp_get_sockfd(state()), deadline);
    }
    if (status != AMQP_STATUS_OK)
        throw session_->broken(status, what);
    take_frame(frame);
    amqp_maybe_release_buffers_on_channel(state(), frame.channel);
    return true;
}

void conversation::take_frame(const amqp_frame_t& frame) {
    bool is_in_step = true;
    if (frame.frame_type == AMQP_FRAME_METHOD) {
        take_method(frame.channel, frame.payload.method);
    } else if (frame.frame_type == AMQP_FRAME_HEADER) {
        const auto& properties =
            *static_cast<const amqp_basic_properties_t*>(frame.payload.properties.decoded);
        is_in_step = inbox_.take_header(frame.channel, properties, frame.payload.properties.body_size);
    } else if (frame.frame_type == AMQP_FRAME_BODY) {
        ++body_frames_;
        is_in_step = inbox_.take_body(frame.channel, frame.payload.body_fragment);
    }
    if (!is_in_step)
        throw session_->broken(AMQP_STATUS_BAD_AMQP_DATA, "the connection is out of step");
}

void conversation::take_method(std::uint16_t channel, const amqp_method_t& method) {
    if (channel == 0)
        return take_of_connection(method);
    if (expected_.to != nullptr && expected_.to->channel == channel && expected_.to->answer == method.id) {
        expected_.has_come = true;
        if (method.id == AMQP_QUEUE_DECLARE_OK_METHOD) {
            const auto& found = *static_cast<const amqp_queue_declare_ok_t*>(method.decoded);
            expected_.declared = {found.message_count, found.consumer_count};
        }
        return;
    }
    if (method.id == AMQP_CHANNEL_CLOSE_METHOD)
        return take_channel_close(channel, *static_cast<const amqp_channel_close_t*>(method.decoded));
    // Other methods need no answer, or answer what nobody waits for any more.
    inbox_.take_method(channel, method);
}

void conversation::take_of_connection(const amqp_method_t& method) {
    if (method.id == AMQP_CONNECTION_CLOSE_METHOD) {
        amqp_connection_close_ok_t answer{};
        amqp_send_method(state(), 0, AMQP_CONNECTION_CLOSE_OK_METHOD, &answer);
        throw session_->closed(*static_cast<const amqp_connection_close_t*>(method.decoded));
    }
    if (method.id == AMQP_CONNECTION_BLOCKED_METHOD) {
        is_blocked_ = true;
        const auto& notice = *static_cast<const amqp_connection_blocked_t*>(method.decoded);
        inbox_.put(0, blocked{std::string{view_of(notice.reason)}});
    } else if (method.id == AMQP_CONNECTION_UNBLOCKED_METHOD) {
        is_blocked_ = false;
        inbox_.put(0, unblocked{});
    }
}

/// RabbitMQ may say it again before it hears our answer (once per look for late acks), and ends the whole
/// connection over a second answer: that channel isn't there any more.
void conversation::take_channel_close(std::uint16_t channel, const amqp_channel_close_t& close) {
    if (!is_open(channel))
        return;
    const bool is_asked = expected_.to != nullptr && expected_.to->channel == channel;
    const std::string what =
        is_asked ? expected_.to->what : "the broker closed channel " + std::to_string(channel);
    const amqp_error error = session_->error(
        kind_of(close), what + ": " + session_->words_of(close.reply_text), close.reply_code, channel);
    closed_.insert_or_assign(channel, error);
    if (is_asked)
        expected_.refusal = error;
    else
        inbox_.put_error(error);
    amqp_channel_close_ok_t answer{};
    errno = 0;
    check_sent(amqp_send_method(state(), channel, AMQP_CHANNEL_CLOSE_OK_METHOD, &answer), what.c_str());
}

void conversation::keep_alive() {
    const auto now = std::chrono::steady_clock::now();
    if (now < next_heartbeat_ || amqp_get_heartbeat(state()) == 0)
        return;
    next_heartbeat_ = now + heartbeat_look;
    send("can't send a heartbeat", [this] {
        amqp_frame_t beat{};
        beat.frame_type = AMQP_FRAME_HEARTBEAT;
        return amqp_send_frame(state(), &beat);
    });
}

void conversation::expect_open(std::uint16_t channel) {
    const auto at = closed_.find(channel);
    if (at == closed_.end())
        return;
    inbox_.forget_error(channel);
    throw amqp_error{at->second};
}

void conversation::forget(std::uint16_t channel) {
    inbox_.forget(channel);
}

void conversation::say_good_bye() noexcept {
    try {
        const steady_time deadline = std::chrono::steady_clock::now() + good_bye_timeout;
        const bounded_call bound{session_->watched(), deadline};
        amqp_connection_close_t close{};
        close.reply_code = reply_success;
        close.reply_text = bytes_of("bye");
        if (amqp_send_method(state(), 0, AMQP_CONNECTION_CLOSE_METHOD, &close) < 0)
            return;
        for (;;) {
            amqp_frame_t frame;
            const timeval left = time_until(deadline);
            if (amqp_simple_wait_frame_noblock(state(), &frame, &left) != AMQP_STATUS_OK)
                return;
            if (frame.frame_type == AMQP_FRAME_METHOD && frame.channel == 0 &&
                frame.payload.method.id == AMQP_CONNECTION_CLOSE_OK_METHOD)
                return;
            amqp_maybe_release_buffers_on_channel(state(), frame.channel);
        }
    } catch (const std::exception&) { // no memory, and no need for manners
    }
}

} // namespace outreachd::amqp_connection
