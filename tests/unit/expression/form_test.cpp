#include "daemon/expression/form.hpp"
#include "daemon/expression/result_text.hpp"

#include <gmock/gmock.h>

#include <stdexcept>

namespace outreachd::expression {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// Fills one text in for one body.
filled fill(std::string_view source, place where, std::string_view body) {
    static engine with{1, {.time = std::chrono::seconds{30}}};
    form texts;
    texts.add("it", source, where);
    return texts.fill(with, {.body = body, .event = R"({"name":"task.completed"})"});
}

filled fill_json(std::string_view source, std::string_view body) {
    static engine with{1, {.time = std::chrono::seconds{30}}};
    form texts;
    texts.add_json("it", source);
    return texts.fill(with, {.body = body});
}

std::string text_of(const filled& given) {
    return given.problem.empty() ? given.texts.at(0) : "problem: " + given.problem;
}

TEST(Form, WritesResultsIntoTexts) {
    const struct {
        const char* source;
        const char* body;
        const char* text;
    } cases[] = {
        {"plain", "{}", "plain"},
        {"${{ .a }}", R"({"a":"x"})", "x"},
        {"<${{ .a }}>", R"({"a":"x \"y\" \u00e9\n"})", "<x \"y\" é\n>"},
        {"${{ .a }}${{ .b }}", R"({"a":1,"b":null})", "1null"},
        {"${{ . }}", R"({"a": [1, true, 1.5]})", R"({"a":[1,true,1.5]})"},
        {"${{ $event.name }} of ${{ .id }}", R"({"id":"7"})", "task.completed of 7"},
        {"${{ {a: {b: .x}} }}", R"({"x":1})", R"({"a":{"b":1}})"},
        {"${{ \"}}\" }}!", "{}", "}}!"},
        {"$ {{ }} ${ {", "{}", "$ {{ }} ${ {"},
        {"${{ .a }}", R"({"a":"${{ .b }}"})", "${{ .b }}"}, // what comes from outside is never run
        {"", "{}", ""},
    };

    for (const auto& [source, body, text] : cases)
        EXPECT_EQ(text_of(fill(source, place::text, body)), text) << source;
}

TEST(Form, WritesResultsIntoUrls) {
    const struct {
        const char* source;
        const char* body;
        const char* text;
    } cases[] = {
        {"https://h/${{ . }}", "7", "https://h/7"},
        {"https://h/${{ . }}", R"("a b")", "https://h/a%20b"},
        {"https://h/${{ . }}/x", R"("../../etc")", "https://h/..%2F..%2Fetc/x"},
        {"https://h/${{ . }}", R"("a/b?c#d%2e&e=f+g\\h")", "https://h/a%2Fb%3Fc%23d%252e%26e%3Df%2Bg%5Ch"},
        {"https://h/${{ . }}", R"("é😀")", "https://h/%C3%A9%F0%9F%98%80"},
        {"https://h/${{ . }}", R"("a\r\nHost: x\u0000")", "https://h/a%0D%0AHost%3A%20x%00"},
        {"https://h/${{ . }}", R"("AZaz09-._~")", "https://h/AZaz09-._~"},
        {"https://h/${{ . }}", R"({"a":1})", "https://h/%7B%22a%22%3A1%7D"},
        {"https://h/?q=${{ . }}&r=1", R"("a&r=2")", "https://h/?q=a%26r%3D2&r=1"},
        {"https://h/?q=${{ . }}", R"("")", "https://h/?q="},
        {"https://h/?q=${{ . }}", R"("..")", "https://h/?q=.."},
        {"https://${{ . }}/", R"("evil.example/")", "https://evil.example%2F/"},
        {"https://${{ . }}/", R"("u@evil.example:1")", "https://u%40evil.example%3A1/"},
        {"${{ . }}", R"("https://h/a?b=c#d")", "https://h/a?b=c#d"},
        {"/tasks/${{ . }}", "7", "/tasks/7"},
        {"https://h/${{ . }}", "null", "problem: it: ${{ . }}: gives null, which can't stand in a URL"},
        {"${{ . }}", "null", "problem: it: ${{ . }}: gives null, which can't stand in a URL"},
        {"${{ . }}", R"("")", "problem: it: ${{ . }}: gives an empty text, which is no URL"},
        {"${{ . }}", R"("https://h/ x")",
         "problem: it: ${{ . }}: gives white space or a control character, which can't stand in a URL"},
        {"${{ . }}", R"("https://h/\u0000")",
         "problem: it: ${{ . }}: gives white space or a control character, which can't stand in a URL"},
        {"https://h/a/${{ . }}", R"("..")",
         "problem: it: a segment of the path would be '..', which names another path"},
        {"https://h/a/.${{ . }}/b", R"(".")",
         "problem: it: a segment of the path would be '..', which names another path"},
        {"https://h/a/${{ . }}", R"("")", "problem: it: a segment of the path would be empty"},
    };

    for (const auto& [source, body, text] : cases)
        EXPECT_EQ(text_of(fill(source, place::url, body)), text) << source << ' ' << body;
}

TEST(Form, WritesResultsIntoHeadersAndArguments) {
    const struct {
        place where;
        const char* body;
        const char* text;
    } cases[] = {
        {place::header, R"("a: b; \"c\"\t\u00e9")", "<a: b; \"c\"\té>"},
        {place::header, "1.5", "<1.5>"},
        {place::header, "null", "problem: it: ${{ . }}: gives null, which can't stand in a header"},
        {place::header, R"("a\r\nX: y")",
         "problem: it: ${{ . }}: gives a line break or another control character, which can't stand in a "
         "header"},
        {place::header, R"("a\nb")",
         "problem: it: ${{ . }}: gives a line break or another control character, which can't stand in a "
         "header"},
        {place::header, R"("a\u0000b")",
         "problem: it: ${{ . }}: gives a line break or another control character, which can't stand in a "
         "header"},
        {place::header, R"("a\u007fb")",
         "problem: it: ${{ . }}: gives a line break or another control character, which can't stand in a "
         "header"},
        {place::argument, R"("$(reboot) `id` ; rm -rf / \n '\"")", "<$(reboot) `id` ; rm -rf / \n '\">"},
        {place::argument, "null", "<null>"},
        {place::argument, R"("--flag")", "<--flag>"},
        {place::argument, R"("a\u0000b")",
         "problem: it: ${{ . }}: gives a NUL character, which can't stand in an argument"},
    };

    for (const auto& [where, body, text] : cases)
        EXPECT_EQ(text_of(fill("<${{ . }}>", where, body)), text) << body;
    EXPECT_EQ(text_of(fill("${{ . }}", place::argument, R"("")")), "");
}

TEST(Form, NeedsExactlyOneResult) {
    EXPECT_EQ(fill("x${{ empty }}", place::text, "{}").problem,
              "it: ${{ empty }}: gives no result, and one is needed");
    EXPECT_EQ(fill("x${{ 1,2,3 }}", place::text, "{}").problem,
              "it: ${{ 1,2,3 }}: gives 3 results, and one is needed");
    EXPECT_EQ(fill("x${{ .a.b }}", place::text, R"({"a":"t"})").problem,
              R"(it: ${{ .a.b }}: jq: Cannot index string with string "b")");
    EXPECT_EQ(fill("${{ .a | \n error(\"" + std::string(100, 'x') + "\") }}", place::text, "{}").problem,
              "it: ${{ .a |   error(\"" + std::string(65, 'x') + "…}}: jq: " + std::string(100, 'x'));
}

TEST(Form, WritesResultsIntoJson) {
    const struct {
        const char* source;
        const char* body;
        const char* text;
    } cases[] = {
        {R"({"a": 1, "b": [true, null]})", "{}", R"({"a":1,"b":[true,null]})"},
        {R"({"id": "${{ .id }}"})", R"({"id":7})", R"({"id":7})"},
        {R"({"id": "${{ .id }}"})", R"({"id":"7"})", R"({"id":"7"})"},
        {R"({"id": "${{ .id }}"})", R"({"id":{"x":[1]}})", R"({"id":{"x":[1]}})"},
        {R"({"id": "${{ .id }}"})", "{}", R"({"id":null})"},
        {R"({"id": "no ${{ .id }}"})", R"({"id":7})", R"({"id":"no 7"})"},
        {R"({"id": " ${{ .id }}"})", R"({"id":"a\"b\\c\nd"})", R"({"id":" a\"b\\c\nd"})"},
        {R"({"id": "${{ .id }}!"})", R"({"id":{"x":"\""}})", R"({"id":"{\"x\":\"\\\"\"}!"})"},
        {R"(["${{ .a }}${{ .b }}"])", R"({"a":"x","b":"y"})", R"(["xy"])"},
        {R"("${{ .a }}")", R"({"a":[1]})", "[1]"},
        {R"({"a\"b": "\u00e9 \" ${{ \"q\" }}"})", "{}", R"({"a\"b":"é \" q"})"},
        {R"([12345678901234567890123, 1.10, 1e3, -0])", "{}", "[12345678901234567890123,1.10,1e3,-0]"},
        {R"({"note": "\"}, \"admin\": true"})", "{}", R"({"note":"\"}, \"admin\": true"})"},
        {R"({"note": "${{ .n }}."})", R"({"n":"\"}, \"admin\": true"})",
         R"({"note":"\"}, \"admin\": true."})"},
        {R"({"a": "${{ empty }}"})", "{}", "problem: it: ${{ empty }}: gives no result, and one is needed"},
        {" [ \"a b\" , 1 ] ", "{}", R"(["a b",1])"},
    };

    for (const auto& [source, body, text] : cases)
        EXPECT_EQ(text_of(fill_json(source, body)), text) << source << ' ' << body;
}

TEST(Form, RefusesWhatCanNotBeFilledIn) {
    form texts;
    EXPECT_THROW(texts.add("a", "${{ .a", place::text), std::invalid_argument);
    EXPECT_THROW(texts.add("a", "${{ (.a }}", place::text), std::invalid_argument);
    EXPECT_THROW(texts.add_json("a", "{"), std::invalid_argument);
    EXPECT_THROW(texts.add_json("a", "{} x"), std::invalid_argument);
    EXPECT_THROW(texts.add_json("a", R"({"a":"${{ .a"})"), std::invalid_argument);
    EXPECT_THROW(texts.add_json("a", R"({"${{ .a }}":1})"), std::invalid_argument);
    EXPECT_THROW(texts.add_json("a", R"({"x${{ .a }}" : 1})"), std::invalid_argument);
}

TEST(Form, FillsAllTextsByTheirNumbers) {
    engine with{1, {.time = std::chrono::seconds{30}}};
    form texts;
    EXPECT_EQ(texts.add("url", "https://h/${{ .id }}", place::url), 0U);
    EXPECT_EQ(texts.add("name", "constant", place::text), 1U);
    EXPECT_EQ(texts.add_json("body", R"({"id":"${{ .id }}"})"), 2U);
    const form moved = std::move(texts);
    const filled given = moved.fill(with, {.body = R"({"id":"a b"})"});
    EXPECT_THAT(given.texts, ElementsAre("https://h/a%20b", "constant", R"({"id":"a b"})"));
    EXPECT_THAT(moved.fill(with, {.body = "{}"}).problem, HasSubstr("url: ${{ .id }}: gives null"));
}

TEST(Form, RunsNothingWithoutExpressions) {
    engine none{1, {.memory_bytes = 1}}; // a process of it couldn't do anything
    form texts;
    texts.add("a", "constant", place::url);
    texts.add_json("b", "[1, \"x\"]");
    EXPECT_THAT(texts.fill(none, {.body = "{}"}).texts, ElementsAre("constant", "[1,\"x\"]"));
}

TEST(Form, CarriesLongAndNestedValues) {
    const std::string text(64 * 1024, 'x');
    EXPECT_EQ(text_of(fill("<${{ . }}>", place::text, '"' + text + '"')), '<' + text + '>');
    const std::string nested = std::string(200, '[') + std::string(200, ']');
    EXPECT_EQ(text_of(fill_json(R"({"a":"${{ . }}"})", nested)), R"({"a":)" + nested + '}');
}

} // namespace
} // namespace outreachd::expression
