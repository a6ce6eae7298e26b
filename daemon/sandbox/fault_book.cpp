#include "daemon/sandbox/fault_book.hpp"

namespace outreachd::sandbox {

bool matches_glob(std::string_view glob, std::string_view text) noexcept {
    // On a mismatch the last star takes one character more.
    std::size_t star = std::string_view::npos;
    std::size_t star_text = 0;
    std::size_t at = 0;
    std::size_t in_text = 0;
    while (in_text < text.size()) {
        if (at < glob.size() && glob[at] == '*') {
            star = at++;
            star_text = in_text;
        } else if (at < glob.size() && glob[at] == text[in_text]) {
            ++at;
            ++in_text;
        } else if (star != std::string_view::npos) {
            at = star + 1;
            in_text = ++star_text;
        } else {
            return false;
        }
    }
    return glob.find_first_not_of('*', at) == std::string_view::npos;
}

std::optional<fault> fault_book::take(std::string_view method, std::string_view path) {
    if (path.starts_with("/sandbox/") && !path.starts_with("/sandbox/uploads/"))
        return std::nullopt;
    for (auto each = faults_.begin(); each != faults_.end(); ++each) {
        if ((!each->method.empty() && each->method != method) ||
            (!each->path.empty() && !matches_glob(each->path, path)))
            continue;
        if (each->skip > 0) {
            --each->skip;
            continue;
        }
        fault found = *each;
        if (--each->times == 0)
            faults_.erase(each);
        return found;
    }
    return std::nullopt;
}

} // namespace outreachd::sandbox
