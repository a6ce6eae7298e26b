#include "daemon/ingress/answer_wait.hpp"

#include <boost/asio/dispatch.hpp>

#include <utility>

namespace outreachd::ingress {

awaitable<std::optional<store::append_result>> answer_wait::wait() {
    if (!is_settled_)
        co_await asio::async_initiate<const asio::use_awaitable_t<strand>, void()>(
            [this](auto waiter) { waiter_.emplace(std::move(waiter)); }, asio::use_awaitable_t<strand>{});
    co_return stored_;
}

store::append_done answer_wait::make_done() {
    return [self = shared_from_this()](error_code ec, const store::append_result& stored) {
        if (!ec)
            self->mailbox_->leave({self, stored});
    };
}

void answer_wait::deliver(const store::append_result& stored) {
    asio::dispatch(strand_, [self = shared_from_this(), stored] {
        if (self->is_settled_)
            return;
        self->stored_ = stored;
        self->settle();
    });
}

void answer_wait::abandon() {
    const auto self = shared_from_this(); // whom it wakes may let go of it
    if (!is_settled_)
        settle();
}

void answer_wait::forget() {
    is_settled_ = true;
    std::exchange(waiter_, std::nullopt).reset();
}

void answer_wait::settle() {
    is_settled_ = true;
    if (waiter_)
        std::exchange(waiter_, std::nullopt).value()();
}

} // namespace outreachd::ingress
