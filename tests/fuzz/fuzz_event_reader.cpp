/// Fuzzes the event reader: it never throws, and what it says hangs together.
#include "daemon/event/event_reader.hpp"

#ifdef OUTREACHD_FUZZED
#include <boost/json/src.hpp> // the library in source form, so that it is instrumented too
#else
#include <boost/json.hpp>
#endif

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

namespace {

void require(bool holds) {
    if (!holds)
        std::abort();
}

bool is_object(std::string_view body) {
    boost::json::parse_options options;
    options.max_depth = outreachd::json_depth_max;
    boost::json::error_code ec;
    const auto value = boost::json::parse({body.data(), body.size()}, ec, {}, options);
    return !ec && value.is_object();
}

/// An escape of a surrogate, whole pairs included.
bool may_hold_half_a_pair(std::string_view body) {
    for (const std::string_view escape :
         {"\\ud8", "\\ud9", "\\uda", "\\udb", "\\udc", "\\udd", "\\ude", "\\udf"})
        for (std::size_t at = 0; at + escape.size() <= body.size(); ++at)
            if (std::equal(escape.begin(), escape.end(), body.begin() + static_cast<std::ptrdiff_t>(at),
                           [](char wanted, char found) {
                               return wanted == found ||
                                      (found >= 'A' && found <= 'F' && wanted == found + 32);
                           }))
                return true;
    return false;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view body{reinterpret_cast<const char*>(data), size};
    const outreachd::event_facts facts = outreachd::read_event(body);

    const bool is_plain = is_object(body);
    require(facts.is_readable || !is_plain);
    if (facts.is_readable && !is_plain) // nothing else is read that Boost.JSON refuses
        require(may_hold_half_a_pair(body));
    require(!facts.name.empty() && facts.name.size() <= 255 && facts.resource.size() <= 255);
    for (const char c : facts.name + facts.resource)
        require(static_cast<unsigned char>(c) >= 0x20 && c != 0x7F);
    if (!facts.is_readable)
        require(facts.name == outreachd::unknown_event_name && facts.resource.empty() &&
                facts.resource_id.empty() && facts.job_id.empty() && !facts.delivered_at);
    if (facts.name.find('.') != std::string::npos)
        require(facts.name == facts.resource + "." + facts.action);
    else
        require(facts.action.empty());
    if (facts.delivered_at)
        require(!outreachd::to_rfc3339(*facts.delivered_at).empty());
    return 0;
}
