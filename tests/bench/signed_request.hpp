/// A webhook request with a body of its own each time: a counter is written into it and it is signed anew.
///
/// Signing 1 KB takes about 1.5 us of the load program's core; a closed loop's clock starts after it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

struct evp_mac_ctx_st;

namespace outreachd::bench {

/// HMAC-SHA256 with the key schedule made once. One thread's.
class signer {
public:
    explicit signer(const std::string& secret);

    /// Writes the 64 lower-case hex digits.
    void sign(std::string_view body, std::span<char, 64> hex);

private:
    struct deleter {
        void operator()(evp_mac_ctx_st* context) const;
    };

    std::unique_ptr<evp_mac_ctx_st, deleter> context_;
};

struct request_shape {
    std::string authority; ///< The Host header.
    std::string path;
    std::size_t body_bytes = 1024;
    bool closes_connection = false; ///< Sends `Connection: close`, as Outreach does.
    bool has_event_id = false;      ///< Sends Outreach-Webhook-Event-Id.
};

class signed_request {
public:
    /// Ids have 16 digits and survive a double.
    static constexpr std::uint64_t id_min = 1'000'000'000'000'000;
    static constexpr std::uint64_t id_max = 9'000'000'000'000'000;

    /// Throws std::invalid_argument where `body_bytes` is less than the smallest body.
    explicit signed_request(const request_shape& shape);

    /// Makes it the request with this id, `id_min` to `id_max`.
    void stamp(signer& signer, std::uint64_t id);

    std::string_view bytes() const { return text_; }

    std::string_view body() const { return std::string_view{text_}.substr(body_at_); }

private:
    std::string text_;
    std::size_t body_at_ = 0;
    std::size_t signature_at_ = 0;
    std::size_t event_id_at_ = 0; ///< Zero: none.
    std::size_t id_at_ = 0;
    std::size_t job_id_at_ = 0;
};

/// A first id that no earlier run used: repeats of an event are cheaper than events.
std::uint64_t fresh_first_id();

} // namespace outreachd::bench
