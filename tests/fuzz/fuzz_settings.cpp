/// Fuzzes the configuration: any text is read to an end, and each problem is one line at a place that
/// the text has.
#include "daemon/settings/load_settings.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

namespace {

using outreachd::settings::loaded;
using outreachd::settings::problem;
using outreachd::settings::scope;

void require(bool holds) {
    if (!holds)
        std::abort();
}

void check(const std::vector<problem>& found, int lines) {
    const problem* last = nullptr;
    for (const problem& one : found) {
        require(one.line >= 0 && one.line <= lines);
        require((one.line == 0) == (one.column == 0));
        require(std::all_of(one.message.begin(), one.message.end(),
                            [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7F; }));
        require(last == nullptr || last->line < one.line ||
                (last->line == one.line && last->column <= one.column));
        last = &one;
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text{reinterpret_cast<const char*>(data), size};
    const int lines = static_cast<int>(std::count(text.begin(), text.end(), '\n')) + 1;
    for (const scope part : {scope::all, scope::send, scope::admin_api}) {
        const loaded result = outreachd::settings::parse_settings(text, part);
        check(result.errors, lines);
        check(result.warnings, lines);
        const bool is_received =
            part == scope::send || (part == scope::all && result.settings.roles.receives);
        if (result.errors.empty() && is_received)
            require(!result.settings.endpoints.empty());
    }
    return 0;
}
