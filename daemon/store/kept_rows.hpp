/// A statement that is prepared once and asked again and again.
#pragma once

#include "daemon/store/database.hpp"

namespace outreachd::store {

/// The rows of one asking. Whatever happens the statement is reset at the end: else its read transaction
/// would stay open, and all later reads be of that moment. One asking at a time.
class kept_rows {
public:
    /// Prepares `kept` where it isn't yet.
    template <typename... Values>
    kept_rows(std::unique_ptr<statement>& kept, database& of, const char* sql, const Values&... values)
        : rows_(kept ? *kept : *(kept = of.prepare(sql))) {
        rows_.bind(values...);
    }

    ~kept_rows() { rows_.reset(); }

    kept_rows(const kept_rows&) = delete;
    kept_rows& operator=(const kept_rows&) = delete;

    bool step() { return rows_.step(); }

    const statement& row() const noexcept { return rows_; }

private:
    statement& rows_;
};

} // namespace outreachd::store
