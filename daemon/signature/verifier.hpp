/// Decides whether a request is genuine (contract section 2).
#pragma once

#include "daemon/crypto/secret.hpp"
#include "daemon/event/errc.hpp"
#include "daemon/event/verified_event.hpp"

#include <memory>
#include <utility>
#include <vector>

namespace outreachd::signature {

/// What the verifier of one endpoint knows.
struct policy {
    std::vector<secret> secrets;   ///< Any may match.
    bool accepts_unsigned = false; ///< A request without the header is taken; one that has it must hold.
};

/// The one place that can make a verified event. Immutable once made; any thread.
///
/// HMAC-SHA256 over the raw bytes with each secret, whose key schedules are computed once. All
/// secrets are tried whatever the first ones say, and compared in constant time.
class verifier {
public:
    explicit verifier(const policy& rules);
    ~verifier();
    verifier(const verifier&) = delete;
    verifier& operator=(const verifier&) = delete;

    /// Takes the request's body and headers where the signature holds; otherwise leaves `request` as
    /// it was. Errors: signature_missing, signature_malformed (not exactly one header of 64 hex
    /// digits, either case, white space around it allowed), signature_mismatch.
    result<verified_event> verify(received_request& request) const;

    /// An event that we made of what Outreach's API gave us, asked over an authenticated connection: nobody
    /// signs that, and nobody sends it.
    static verified_event of_fetched(event fetched) {
        fetched.origin = event_origin::fetched;
        return verified_event{std::move(fetched)};
    }

private:
    struct implementation;
    std::unique_ptr<implementation> implementation_;
};

/// The 64 lower-case hexadecimal digits that Outreach sends with `body` (contract 2.2).
std::string sign(const secret& key, std::string_view body);

} // namespace outreachd::signature
