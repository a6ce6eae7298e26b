/// The straight line of one whole request: verify, store, answer.
#pragma once

#include "daemon/event/event.hpp"
#include "daemon/event/timestamp.hpp"
#include "daemon/ingress/answer_wait.hpp"
#include "daemon/ingress/endpoint_table.hpp"
#include "daemon/ingress/io.hpp"
#include "daemon/ingress/response.hpp"
#include "daemon/ingress/services.hpp"
#include "daemon/store/store.hpp"

#include <memory>

namespace outreachd::ingress {

struct reception {
    request_outcome outcome;
    bool is_genuine; ///< The signature holds.
};

/// Judges and stores a request that has come whole. Takes what it keeps of `request`. Outcomes:
/// accepted, repeat, unsigned_request, bad_signature, reset (not stored by `deadline`).
///
/// On the connection's strand, which `wait` belongs to; waits only for the store.
awaitable<reception> receive_event(received_request& request, const endpoint& at, services& with,
                                   std::shared_ptr<answer_wait> wait, steady_time deadline);

} // namespace outreachd::ingress
