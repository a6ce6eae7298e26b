#include "daemon/event/errc.hpp"

#include <string>

namespace outreachd {
namespace {

// Boost's base class has a protected destructor that isn't virtual, on purpose, and this class is
// final: nobody can delete it through a base. GCC warns all the same.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wnon-virtual-dtor"

class category final : public boost::system::error_category {
public:
    const char* name() const noexcept override { return "outreachd"; }

    std::string message(int value) const override {
        switch (static_cast<errc>(value)) {
        case errc::malformed_http:
            return "the request is not unambiguous HTTP/1.1";
        case errc::head_too_large:
            return "the request line and headers are over the limit";
        case errc::body_too_large:
            return "the body is over the limit";
        case errc::signature_missing:
            return "the request has no signature";
        case errc::signature_malformed:
            return "the signature is not one value of 64 hexadecimal digits";
        case errc::signature_mismatch:
            return "the signature fits none of the endpoint's secrets";
        case errc::store_unavailable:
            return "the store can't be read or written now";
        case errc::deadline_passed:
            return "not done within the time allowed";
        case errc::not_found:
            return "no such record";
        case errc::damaged:
            return "the stored record is damaged: its checksum doesn't hold";
        case errc::being_carried_over:
            return "what isn't finished is still being carried over from an older database file";
        case errc::stopping:
            return "the daemon is stopping";
        }
        return "unknown error " + std::to_string(value);
    }
};

#pragma GCC diagnostic pop

} // namespace

bool is_transient(errc value) noexcept {
    switch (value) {
    case errc::store_unavailable:
    case errc::deadline_passed:
    case errc::being_carried_over:
    case errc::stopping:
        return true;
    case errc::malformed_http:
    case errc::head_too_large:
    case errc::body_too_large:
    case errc::signature_missing:
    case errc::signature_malformed:
    case errc::signature_mismatch:
    case errc::not_found:
    case errc::damaged:
        return false;
    }
    return false;
}

const boost::system::error_category& outreachd_category() noexcept {
    static const category instance;
    return instance;
}

boost::system::error_code make_error_code(errc value) noexcept {
    return {static_cast<int>(value), outreachd_category()};
}

} // namespace outreachd
