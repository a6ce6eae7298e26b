/// One connection's wait for the store's answer about its event.
#pragma once

#include "daemon/ingress/answer_mailbox.hpp"
#include "daemon/ingress/io.hpp"
#include "daemon/store/store.hpp"

#include <boost/asio/async_result.hpp>

#include <memory>
#include <optional>

namespace outreachd::ingress {

/// Shared with the store, whose answer may come after everybody has gone. All but `make_done` and
/// `deliver` is the strand's. Whoever comes first decides: an answer after `abandon` changes nothing.
class answer_wait : public std::enable_shared_from_this<answer_wait> {
public:
    answer_wait(const strand& where, std::shared_ptr<answer_mailbox> mailbox)
        : strand_(where), mailbox_(std::move(mailbox)) {}

    /// The store's success; nothing where the wait was abandoned. A failure doesn't end it: held
    /// connections are what makes Outreach's four attempts span the longest time, so the connection's
    /// own deadline ends it. Once.
    awaitable<std::optional<store::append_result>> wait();

    /// What the store is to call, on whatever thread, with its lock held or not. Only its success counts.
    store::append_done make_done();

    /// Brings an answer to the strand. An I/O thread.
    void deliver(const store::append_result& stored);

    /// Ends the wait now.
    void abandon();

    /// Lets go of whoever waits, without an answer: a coroutine that waits here and owns this would
    /// keep both for ever. Only where nothing runs on the strand any more.
    void forget();

private:
    void settle();

    const strand strand_;
    const std::shared_ptr<answer_mailbox> mailbox_;
    // Not any_completion_handler: that of Boost 1.81 wraps itself for ever when it is moved.
    std::optional<asio::async_result<asio::use_awaitable_t<strand>, void()>::handler_type> waiter_;
    std::optional<store::append_result> stored_;
    bool is_settled_ = false;
};

} // namespace outreachd::ingress
