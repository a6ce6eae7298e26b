#include "daemon/event/cloud_attributes.hpp"

#include <string_view>

namespace outreachd {

namespace {

/// An attribute holds no control character (CloudEvents 1.0.2, 2.1); one becomes U+FFFD.
std::string without_controls(std::string_view text) {
    std::string clean;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const auto byte = static_cast<unsigned char>(text[at]);
        const auto next = at + 1 < text.size() ? static_cast<unsigned char>(text[at + 1]) : 0U;
        const bool is_c1 = byte == 0xC2 && next >= 0x80 && next <= 0x9F;
        if (byte >= 0x20 && byte != 0x7F && !is_c1) {
            clean += text[at];
            continue;
        }
        clean += "\xEF\xBF\xBD";
        at += is_c1 ? 1 : 0;
    }
    return clean;
}

} // namespace

cloud_attributes attributes_of(const event& subject) {
    cloud_attributes made;
    made.id = outreachd::to_string(subject.id);
    made.source = without_controls(subject.source);
    made.type = without_controls(subject.facts.name);
    if (!subject.facts.resource_id.empty())
        made.subject = without_controls(subject.facts.resource + "/" + subject.facts.resource_id);
    return made;
}

} // namespace outreachd
