/// The manual page names everything that the help names.

// GCC 12 takes parts of std::regex for uninitialized under AddressSanitizer (its bug 105562).
#ifdef OUTREACHD_SANITIZED
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

#include "tests/unit/command_line/configured.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <regex>
#include <set>

namespace outreachd::command_line {
namespace {

std::string manual() {
    std::ifstream file{OUTREACHD_SOURCE_DIRECTORY "/deploy/outreachd.8"};
    return {std::istreambuf_iterator<char>{file}, {}};
}

/// The section of the manual from that heading to the next one.
std::string section_of(const std::string& text, const std::string& heading) {
    const std::size_t start = text.find("\n" + heading + "\n");
    if (start == std::string::npos)
        return {};
    const std::size_t from = start + heading.size();
    return text.substr(start, std::min(text.find("\n.Sh ", from), text.find("\n.Ss ", from)) - start);
}

std::set<std::string> options_in(const std::string& help) {
    static const std::regex option{"(^|[ ,])(--[a-z-]+)"};
    std::set<std::string> found;
    for (std::sregex_iterator each{help.begin(), help.end(), option}; each != std::sregex_iterator{}; ++each)
        found.insert((*each)[2]);
    return found;
}

TEST(Manual, HasASectionForEachCommandWithItsOptions) {
    const std::string text = manual();
    const std::string everywhere = section_of(text, ".Sh OPTIONS");
    ASSERT_FALSE(everywhere.empty());

    const struct {
        std::vector<std::string> command;
        const char* heading;
    } cases[]{{{"serve"}, ".Ss serve"},
              {{"check"}, ".Ss check"},
              {{"send"}, ".Ss send"},
              {{"sandbox"}, ".Ss sandbox"},
              {{"status"}, ".Ss status"},
              {{"events", "list"}, ".Ss events list"},
              {{"events", "show"}, ".Ss events show"},
              {{"events", "replay"}, ".Ss events replay"},
              {{"dead", "list"}, ".Ss dead list"},
              {{"dead", "show"}, ".Ss dead show"},
              {{"dead", "replay"}, ".Ss dead replay"},
              {{"dead", "discard"}, ".Ss dead discard"},
              {{"quarantine", "list"}, ".Ss quarantine list"},
              {{"quarantine", "show"}, ".Ss quarantine show"},
              {{"quarantine", "recheck"}, ".Ss quarantine recheck"},
              {{"quarantine", "discard"}, ".Ss quarantine discard"},
              {{"backfill"}, ".Ss backfill"},
              {{"webhooks", "list"}, ".Ss webhooks list"},
              {{"webhooks", "plan"}, ".Ss webhooks plan"},
              {{"webhooks", "apply"}, ".Ss webhooks apply"},
              {{"auth", "login"}, ".Ss auth login"},
              {{"auth", "status"}, ".Ss auth status"},
              {{"auth", "install"}, ".Ss auth install"},
              {{"api"}, ".Ss api"},
              {{"bulk"}, ".Ss bulk"},
              {{"import"}, ".Ss import"}};

    for (const auto& each : cases) {
        const std::string section = section_of(text, each.heading);
        EXPECT_FALSE(section.empty()) << each.heading;
        std::vector<std::string> arguments = each.command;
        arguments.emplace_back("--help");
        for (const std::string& option : options_in(run_command(arguments).out)) {
            // In mdoc `--url` is `Fl -url`.
            const std::string marked = "Fl " + option.substr(1);
            EXPECT_TRUE(section.find(marked) != std::string::npos ||
                        everywhere.find(marked) != std::string::npos)
                << each.heading << " lacks " << option;
        }
    }
    for (const std::string& option : options_in(run_command({"--help"}).out))
        EXPECT_NE(everywhere.find("Fl " + option.substr(1)), std::string::npos) << option;
}

TEST(Manual, IsOfTheSectionOfDaemons) {
    const std::string text = manual();
    EXPECT_NE(text.find("\n.Dt OUTREACHD 8\n"), std::string::npos);
    EXPECT_NE(section_of(text, ".Sh SEE ALSO").find(".Xr outreachd.yaml 5"), std::string::npos);
    EXPECT_NE(run_command({"--help"}).out.find("outreachd(8)"), std::string::npos);
}

TEST(Manual, SaysHowTheProgramEndsAndWhatItHears) {
    const std::string text = manual();
    for (const char* code : {"0", "1", "64", "69", "78"})
        EXPECT_NE(section_of(text, ".Sh EXIT STATUS").find(".It " + std::string{code} + "\n"),
                  std::string::npos)
            << code;
    for (const char* signal : {"SIGTERM", "SIGINT", "SIGHUP"})
        EXPECT_NE(section_of(text, ".Sh SIGNALS").find(signal), std::string::npos) << signal;
    EXPECT_NE(text.find("/etc/outreachd/outreachd.yaml"), std::string::npos);
    EXPECT_NE(text.find("OUTREACHD_CONFIG"), std::string::npos);
}

} // namespace
} // namespace outreachd::command_line
