#include "daemon/crypto/digest.hpp"

#include <openssl/evp.h>

#include <cassert>
#include <memory>
#include <utility>

namespace outreachd {

namespace {

struct context_deleter {
    void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
};

/// One context a thread, made once: a new one for each digest costs more than a short digest does.
EVP_MD_CTX* started_context() {
    thread_local const std::unique_ptr<EVP_MD_CTX, context_deleter> context{EVP_MD_CTX_new()};
    static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    const int started = EVP_DigestInit_ex2(context.get(), algorithm, nullptr);
    assert(started == 1);
    return context.get();
}

void update(EVP_MD_CTX* context, std::string_view bytes) {
    const int updated = EVP_DigestUpdate(context, bytes.data(), bytes.size());
    assert(updated == 1);
}

digest finish(EVP_MD_CTX* context) {
    digest value{};
    unsigned size = 0;
    const int finished = EVP_DigestFinal_ex(context, value.data(), &size);
    assert(finished == 1 && size == value.size());
    return value;
}

} // namespace

digest sha256(std::string_view bytes) {
    EVP_MD_CTX* const context = started_context();
    update(context, bytes);
    return finish(context);
}

digest sha256_of_fields(std::initializer_list<std::string_view> fields) {
    EVP_MD_CTX* const context = started_context();
    // Short fields are gathered: a call costs as much as a block.
    std::array<char, 1024> gathered{};
    std::size_t size = 0;
    const auto flush = [&] { update(context, {gathered.data(), std::exchange(size, 0)}); };
    for (const std::string_view field : fields) {
        if (gathered.size() - size < sizeof(std::uint64_t) + field.size())
            flush();
        for (std::size_t i = 0; i < sizeof(std::uint64_t); ++i)
            gathered[size++] = static_cast<char>(static_cast<std::uint64_t>(field.size()) >> (8 * i));
        if (field.size() <= gathered.size() - size) {
            field.copy(gathered.data() + size, field.size());
            size += field.size();
        } else {
            flush();
            update(context, field);
        }
    }
    flush();
    return finish(context);
}

std::array<std::uint8_t, 64> sha512(std::string_view bytes) {
    std::array<std::uint8_t, 64> value{};
    unsigned size = 0;
    const int made = EVP_Digest(bytes.data(), bytes.size(), value.data(), &size, EVP_sha512(), nullptr);
    assert(made == 1 && size == value.size());
    return value;
}

} // namespace outreachd
