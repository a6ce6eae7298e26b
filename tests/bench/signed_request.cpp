#include "tests/bench/signed_request.hpp"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <array>
#include <chrono>
#include <ctime>
#include <stdexcept>

namespace outreachd::bench {

namespace {

constexpr std::size_t id_digits = 16;
constexpr std::size_t job_digits = 12; ///< The last group of a UUID.
constexpr std::string_view uuid_stem = "9d1ce2a6-6d3c-4b0e-a1d3-";

/// Writes the lowest `digits` decimal digits of `number` at `at`.
void write_digits(std::string& text, std::size_t at, std::size_t digits, std::uint64_t number) {
    for (std::size_t i = digits; i > 0; --i) {
        text[at + i - 1] = static_cast<char>('0' + number % 10);
        number /= 10;
    }
}

std::string now_as_text() {
    const std::time_t now = std::time(nullptr);
    std::tm parts{};
    gmtime_r(&now, &parts);
    std::array<char, 40> text{};
    const auto size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S.000Z", &parts);
    return {text.data(), size};
}

struct body_with_places {
    std::string text;
    std::size_t id_at;
    std::size_t job_id_at;
};

/// A `task.completed` in the shape Outreach sends, filled up to `body_bytes` by its note.
body_with_places make_body(std::size_t body_bytes) {
    const std::string now = now_as_text();
    const std::string before_id = R"({"data":{"type":"task","id":)";
    const std::string before_note = R"(,"attributes":{"updatedAt":")" + now +
                                    R"(","completed":true,"completedAt":")" + now +
                                    R"(","state":"complete","note":")";
    const std::string before_job = R"("},"relationships":{"completer":{"type":"completer","id":14}}},)"
                                   R"("meta":{"deliveredAt":")" +
                                   now + R"(","eventName":"task.completed","jobId":")" +
                                   std::string{uuid_stem};
    const std::string end = R"("}})";

    const std::size_t fixed_bytes =
        before_id.size() + id_digits + before_note.size() + before_job.size() + job_digits + end.size();
    if (body_bytes < fixed_bytes) {
        throw std::invalid_argument{"--body-bytes " + std::to_string(body_bytes) +
                                    ": the smallest body has " + std::to_string(fixed_bytes)};
    }
    constexpr std::string_view words = "Called about the renewal, asked to be called again on Monday. ";
    std::string note;
    while (note.size() < body_bytes - fixed_bytes) {
        note += words.substr(0, body_bytes - fixed_bytes - note.size());
    }

    std::string text = before_id;
    const std::size_t id_at = text.size();
    text += std::string(id_digits, '0') + before_note + note + before_job;
    const std::size_t job_id_at = text.size();
    text += std::string(job_digits, '0') + end;
    return {std::move(text), id_at, job_id_at};
}

} // namespace

void signer::deleter::operator()(evp_mac_ctx_st* context) const {
    EVP_MAC_CTX_free(context);
}

signer::signer(const std::string& secret) {
    EVP_MAC* const algorithm = EVP_MAC_fetch(nullptr, OSSL_MAC_NAME_HMAC, nullptr);
    context_.reset(EVP_MAC_CTX_new(algorithm));
    EVP_MAC_free(algorithm);
    std::string digest = "SHA256";
    const std::array<OSSL_PARAM, 2> parameters{
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), digest.size()),
        OSSL_PARAM_construct_end()};
    const auto* const key = static_cast<const unsigned char*>(static_cast<const void*>(secret.data()));
    if (!context_ || EVP_MAC_init(context_.get(), key, secret.size(), parameters.data()) != 1) {
        throw std::runtime_error{"OpenSSL offers no HMAC-SHA256 with this secret (is it empty?)"};
    }
}

void signer::sign(std::string_view body, std::span<char, 64> hex) {
    std::array<unsigned char, 32> digest{};
    std::size_t size = 0;
    const auto* const bytes = static_cast<const unsigned char*>(static_cast<const void*>(body.data()));
    // Without a key EVP_MAC_init goes back to the one it had.
    if (EVP_MAC_init(context_.get(), nullptr, 0, nullptr) != 1 ||
        EVP_MAC_update(context_.get(), bytes, body.size()) != 1 ||
        EVP_MAC_final(context_.get(), digest.data(), &size, digest.size()) != 1) {
        throw std::runtime_error{"OpenSSL failed to sign a body"};
    }
    constexpr std::string_view digits = "0123456789abcdef";
    for (std::size_t i = 0; i < digest.size(); ++i) {
        hex[2 * i] = digits[digest[i] >> 4];
        hex[2 * i + 1] = digits[digest[i] & 15];
    }
}

signed_request::signed_request(const request_shape& shape) {
    const body_with_places body = make_body(shape.body_bytes);
    text_ = "POST " + shape.path + " HTTP/1.1\r\nHost: " + shape.authority +
            "\r\nUser-Agent: Ruby\r\nAccept: */*\r\nContent-Type: application/vnd.api+json\r\n" +
            (shape.closes_connection ? "Connection: close\r\n" : "") +
            "Outreach-Webhook-Id: 7\r\nOutreach-Webhook-Signature: ";
    signature_at_ = text_.size();
    text_ += std::string(64, '0');
    if (shape.has_event_id) {
        text_ += "\r\nOutreach-Webhook-Event-Id: " + std::string{uuid_stem};
        event_id_at_ = text_.size();
        text_ += std::string(job_digits, '0');
    }
    text_ += "\r\nContent-Length: " + std::to_string(body.text.size()) + "\r\n\r\n";
    body_at_ = text_.size();
    id_at_ = body_at_ + body.id_at;
    job_id_at_ = body_at_ + body.job_id_at;
    text_ += body.text;
}

void signed_request::stamp(signer& signer, std::uint64_t id) {
    write_digits(text_, id_at_, id_digits, id);
    write_digits(text_, job_id_at_, job_digits, id);
    if (event_id_at_ != 0) {
        write_digits(text_, event_id_at_, job_digits, id);
    }
    signer.sign(body(), std::span<char, 64>{text_.data() + signature_at_, 64});
}

std::uint64_t fresh_first_id() {
    // A run makes far fewer requests than nanoseconds pass, so later runs start beyond earlier ones.
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const auto nanoseconds = std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
    constexpr std::uint64_t span = signed_request::id_max - signed_request::id_min - 1'000'000'000'000;
    return signed_request::id_min + static_cast<std::uint64_t>(nanoseconds) % span;
}

} // namespace outreachd::bench
