/// Values that were written to break out: each reaches the program byte for byte, and nothing else happens.
#include "tests/unit/handlers/exec_under_test.hpp"

#include <boost/json.hpp>
#include <gmock/gmock.h>

#include <random>
#include <set>

namespace outreachd::handlers {
namespace {

namespace json = boost::json;

const std::vector<std::string>& fragments() {
    static const std::vector<std::string> all = {"'",
                                                 "\"",
                                                 "`touch pwned`",
                                                 "$(touch pwned)",
                                                 "; touch pwned;",
                                                 "| touch pwned",
                                                 "&& touch pwned",
                                                 "\n",
                                                 "\r\n",
                                                 "\ntouch pwned\n",
                                                 "../",
                                                 "../../../../etc/passwd",
                                                 "%00",
                                                 "%s%n",
                                                 "\\",
                                                 "\\n",
                                                 "\t",
                                                 "-rf",
                                                 "--",
                                                 "*",
                                                 "?",
                                                 "~",
                                                 "$HOME",
                                                 "${HOME}",
                                                 "${{ .data }}",
                                                 "}}",
                                                 "{{",
                                                 "<",
                                                 ">/tmp/pwned",
                                                 "#",
                                                 " ",
                                                 "a",
                                                 "\x01",
                                                 "\x1b[2J",
                                                 "\x7f",
                                                 "\xF0\x9F\x92\xA9",
                                                 "\xE2\x80\xA8",
                                                 "\xC3\xA9",
                                                 "=",
                                                 "\xEF\xBF\xBD"};
    return all;
}

/// Shows what it gets, each in a file of the working directory.
constexpr const char* showing_script = R"(printf '%s\0' "$@" >argv
env -0 >environment
cat >stdin)";

class HostileValue : public testing::Test {
protected:
    HostileValue() {
        configured_.command = {test::write_script(directory_ / "show", showing_script), "before",
                               "${{ .data.v }}", "x${{ .data.v }}y", "after"};
        configured_.cwd = directory_ / "";
        configured_.env = {{"PATH", "/usr/bin:/bin"}, {"V", "${{ .data.v }}"}};
        configured_.stdin_text = "<${{ .data.v }}>";
        handler_ = test::make_exec(configured_);
    }

    /// `text` is what the value should look like.
    void expect_harmless(const json::value& value, const std::string& text) {
        using namespace std::string_literals;
        SCOPED_TRACE(text.substr(0, 200));
        const std::string body = json::serialize(json::value{{"data", {{"v", value}}}});
        const auto said = handler_->handle(test::make_attempt(body));
        ASSERT_EQ(said.verdict, outcome::kind::done) << said.reason << said.last_answer;
        EXPECT_EQ(test::content_of(directory_ / "argv"), "before\0"s + text + "\0x"s + text + "y\0after\0"s);
        EXPECT_NE(test::content_of(directory_ / "environment").find("V=" + text + '\0'), std::string::npos);
        EXPECT_EQ(test::content_of(directory_ / "stdin"), "<" + text + ">");
        EXPECT_EQ(said.last_answer, "");
        std::set<std::string> files;
        for (const auto& entry : std::filesystem::directory_iterator{directory_ / ""})
            files.insert(entry.path().filename());
        EXPECT_EQ(files, (std::set<std::string>{"argv", "environment", "show", "stdin"}));
    }

    const test::scratch_directory directory_;
    settings::exec_handler configured_;
    std::unique_ptr<handler> handler_;
};

TEST_F(HostileValue, IsHandedOverByteForByte) {
    for (const std::string& one : fragments())
        expect_harmless(json::string{one}, one);
    const std::string wide(64UL * 1024, 'w');
    expect_harmless(json::string{wide}, wide);
    expect_harmless(json::string{""}, "");
}

TEST_F(HostileValue, OfAnotherTypeIsHandedOverAsJson) {
    expect_harmless(nullptr, "null");
    expect_harmless(true, "true");
    expect_harmless(17, "17");
    expect_harmless(json::array{1, "$(touch pwned)", nullptr}, R"json([1,"$(touch pwned)",null])json");
    const std::string nested = R"({"a":{"'":["\"`id`"]}})";
    expect_harmless(json::parse(nested), nested);
}

TEST_F(HostileValue, InEveryMixtureIsHandedOverByteForByte) {
    const auto seed = std::random_device{}();
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    std::uniform_int_distribution<std::size_t> which(0, fragments().size() - 1);
    std::uniform_int_distribution<int> how_many(1, 12);
    for (int i = 0; i < 300 && !HasFailure(); ++i) {
        std::string mixture;
        for (int left = how_many(random); left > 0; --left)
            mixture += fragments()[which(random)];
        expect_harmless(json::string{mixture}, mixture);
    }
}

} // namespace
} // namespace outreachd::handlers
