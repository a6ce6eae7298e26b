/// A secret's bytes: never printed, wiped when the last copy goes.
#pragma once

#include <string>
#include <string_view>

namespace outreachd {

/// Holds a credential. There is no stream operator and no conversion to a string, so that showing
/// one is always a deliberate `reveal()`.
class secret {
public:
    secret() = default;

    explicit secret(std::string bytes) : bytes_(std::move(bytes)) {}

    secret(const secret&) = default;

    secret& operator=(const secret& other) {
        if (this != &other) {
            wipe();
            bytes_ = other.bytes_;
        }
        return *this;
    }

    // By swapping, so that a short secret doesn't stay behind in the other's own buffer.
    secret(secret&& other) noexcept { bytes_.swap(other.bytes_); }

    secret& operator=(secret&& other) noexcept {
        bytes_.swap(other.bytes_);
        return *this;
    }

    ~secret() { wipe(); }

    std::string_view reveal() const noexcept { return bytes_; }

    bool empty() const noexcept { return bytes_.empty(); }

    /// For two of our own, to see what a reload has changed; what a sender gives is compared in constant
    /// time.
    friend bool operator==(const secret&, const secret&) = default;

private:
    void wipe() noexcept {
        for (volatile char* at = bytes_.data(); at != bytes_.data() + bytes_.size(); ++at)
            *at = 0;
    }

    std::string bytes_;
};

} // namespace outreachd
