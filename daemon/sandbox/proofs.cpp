/// OpenSSL's home for what the sandbox checks.
#include "daemon/sandbox/proofs.hpp"

#include "daemon/crypto/digest.hpp"
#include "daemon/sandbox/base64url.hpp"
#include "daemon/sandbox/query.hpp"
#include "daemon/sandbox/records.hpp"

#include <boost/json/parse.hpp>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <memory>

namespace outreachd::sandbox {

namespace json = boost::json;

namespace {

constexpr std::chrono::seconds skew{60}; ///< Clocks differ.

const unsigned char* bytes_of(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

using key_ptr = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

/// Null where it is none.
key_ptr read_public_key(const std::string& pem) {
    const std::unique_ptr<BIO, decltype(&BIO_free)> source{
        BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free};
    key_ptr key{PEM_read_bio_PUBKEY(source.get(), nullptr, nullptr, nullptr), &EVP_PKEY_free};
    if (key && EVP_PKEY_is_a(key.get(), "RSA") != 1)
        key.reset();
    return key;
}

bool is_signed_by(const std::string& pem, std::string_view message, std::string_view signature) {
    const key_ptr key = read_public_key(pem);
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context{EVP_MD_CTX_new(), &EVP_MD_CTX_free};
    return key && EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) == 1 &&
           EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(), bytes_of(message),
                            message.size()) == 1;
}

/// A part of a JWT that is an object; empty where it isn't.
json::object part_of(const std::string& encoded) {
    boost::system::error_code ec;
    const auto bytes = from_base64url(encoded);
    const json::value read = bytes ? json::parse(*bytes, ec) : json::value{};
    return !ec && read.is_object() ? read.get_object() : json::object{};
}

std::int64_t time_in(const json::object& claims, std::string_view name) {
    const json::value* const found = claims.if_contains(name);
    return found != nullptr && found->is_number() ? static_cast<std::int64_t>(found->to_number<double>()) : 0;
}

} // namespace

std::string check_app_token(std::string_view jwt, std::string_view guid,
                            const std::vector<std::string>& public_keys, wall_time now) {
    const std::vector<std::string> parts = split(jwt, '.');
    if (parts.size() != 3)
        return "The app token isn't a JWT.";
    if (text_member(part_of(parts[0]), "alg") != "RS256")
        return "The app token isn't signed with RS256.";
    const json::object claims = part_of(parts[1]);
    if (text_member(claims, "iss") != guid)
        return "The app token's issuer isn't the app's GUID.";
    const std::int64_t seconds = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
    if (time_in(claims, "exp") <= seconds)
        return "The app token has expired.";
    if (time_in(claims, "iat") > seconds + skew.count())
        return "The app token is from the future.";
    const auto signature = from_base64url(parts[2]);
    const std::string_view message = jwt.substr(0, jwt.rfind('.'));
    const bool holds = signature && !signature->empty() &&
                       (public_keys.empty() || std::ranges::any_of(public_keys, [&](const std::string& pem) {
                            return is_signed_by(pem, message, *signature);
                        }));
    return holds ? std::string{} : "The app token's signature doesn't hold.";
}

bool is_public_key(const std::string& pem) {
    return read_public_key(pem) != nullptr;
}

std::string upload_hash(std::string_view bytes, const std::string& key) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> hash{};
    unsigned size = 0;
    const bool is_done =
        key.empty() ? EVP_Digest(bytes.data(), bytes.size(), hash.data(), &size, EVP_sha512(), nullptr) == 1
                    : HMAC(EVP_sha512(), key.data(), static_cast<int>(key.size()), bytes_of(bytes),
                           bytes.size(), hash.data(), &size) != nullptr;
    assert(is_done);
    static constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (unsigned at = 0; is_done && at < size; ++at) {
        text += digits[hash.at(at) >> 4U];
        text += digits[hash.at(at) & 0xfU];
    }
    return text;
}

std::string code_challenge(std::string_view verifier) {
    const digest hash = sha256(verifier);
    return to_base64url({reinterpret_cast<const char*>(hash.data()), hash.size()});
}

} // namespace outreachd::sandbox
