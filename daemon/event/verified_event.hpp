/// An event whose signature held.
#pragma once

#include "daemon/event/event.hpp"

#include <utility>

namespace outreachd {

namespace signature {
class verifier;
}

/// Proof, by its type, that an event is genuine: only `signature::verifier` can make one, and only
/// such a one can be appended to the store.
class verified_event {
public:
    const event& get() const noexcept { return event_; }

    event take() && noexcept { return std::move(event_); }

private:
    friend class signature::verifier;

    explicit verified_event(event genuine) : event_(std::move(genuine)) {}

    event event_;
};

} // namespace outreachd
