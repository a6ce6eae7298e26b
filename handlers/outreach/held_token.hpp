/// An access token in memory, and how long it is good.
#pragma once

#include "daemon/store/token_file.hpp"
#include "handlers/outreach/token_source.hpp"

#include <mutex>
#include <optional>
#include <string>
#include <utility>

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
        store::file_stamp from; ///< As of when the file was looked at.

        token_reply reply() const {
            return {.what = token_reply::kind::token, .token = token, .api_base = api_base};
        }
    };

    copy get(wall_time now) const;
    /// `from`: the file, as it was before `record` was read, or after it was written.
    void hold(const store::token_record& record, const store::file_stamp& from);
    /// What the file holds now is no reason to change anything.
    void keep(const store::file_stamp& from);

private:
    mutable std::mutex mutex_;
    store::token_record record_; ///< The access token's part of it alone.
    store::file_stamp from_;
};

/// A token that is asked for anew before it ends. Some minutes before that one thread renews it, while those
/// who come meanwhile go on with it. What another process writes into the file counts at the next use: a
/// login with other scopes, another install.
class renewed_token : public token_source {
public:
    /// `file` outlives it.
    renewed_token(store::token_file& file, wall_clock now) : file_(file), now_(std::move(now)) {}

    token_reply get(steady_time deadline) final;
    token_reply renew(const secret& rejected, steady_time deadline) final;

protected:
    /// Another than `rejected`, which may be empty. `deadline` is for whoever else renews it just now.
    virtual token_reply obtain(const secret& rejected, steady_time deadline) = 0;
    /// What of a record in the file counts for this configuration. Any thread.
    virtual store::token_record adopt(store::token_record stored) const = 0;

    /// As it was just read or written, by who holds the file's lock.
    void hold(const store::token_record& record) { held_.hold(record, file_.stamp()); }

    store::token_file& file_;
    const wall_clock now_;
    held_token held_;

private:
    held_token::copy look();
};

} // namespace outreachd::handlers::outreach
