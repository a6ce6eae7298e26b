/// Events that no way leads to any more, since a page above theirs is damaged.
#pragma once

#include "daemon/store/page_overlay.hpp"
#include "daemon/store/records.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace outreachd::store {

/// Reads the table's leaves one by one, each as if it were the table's only one: whatever page stands above
/// them. One thread at a time.
class leaf_scan {
public:
    /// Throws database_error.
    explicit leaf_scan(const std::string& file);

    /// The file's last page.
    std::uint32_t pages() const noexcept { return last_page_; }

    /// The whole events of that page that are asked for; none where it is no leaf of the table, or is damaged
    /// itself. A page that is free may have events that left the store. An interior page of a few events
    /// passes for a leaf. Throws database_error where the page can't be read now.
    std::vector<stored_event> events_of(std::uint32_t page, const std::function<bool(sequence)>& is_wanted);

private:
    const std::shared_ptr<page_overlay> overlay_;
    const std::unique_ptr<database> connection_;
    std::uint32_t root_ = 0;
    std::uint32_t last_page_ = 0;
    std::unique_ptr<statement> rows_;
};

} // namespace outreachd::store
