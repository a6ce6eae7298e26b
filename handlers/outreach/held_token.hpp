/// An access token in memory, and how long it is good.
#pragma once

#include "daemon/store/token_record.hpp"
#include "handlers/outreach/token_source.hpp"

#include <mutex>
#include <optional>
#include <string>

namespace outreachd::handlers::outreach {

/// How much of a token's life is left.
enum class token_age {
    fresh,
    due,  ///< Still good; a new one should be fetched by and by.
    over, ///< Or there is none.
};

/// By the wall clock. One that jumps makes a token renewed early, or found out by a 401.
token_age age_of(const store::token_record& record, wall_time now);

/// What all threads share between two looks into the file. Thread-safe; the mutex is held for a copy.
class held_token {
public:
    struct copy {
        secret token;
        std::string api_base;
        token_age age = token_age::over;

        token_reply reply() const {
            return {.what = token_reply::kind::token, .token = token, .api_base = api_base};
        }
    };

    copy get(wall_time now) const;
    void hold(const store::token_record& record);

private:
    mutable std::mutex mutex_;
    store::token_record record_; ///< The access token's part of it alone.
};

} // namespace outreachd::handlers::outreach
