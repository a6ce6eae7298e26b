/// The dashboard's page and what it loads, over a real socket.
#include "daemon/admin/dashboard_files.hpp"
#include "tests/unit/admin/running_server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace outreachd::admin {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string path_of(const std::string& file) {
    if (file == "index.html")
        return "/";
    return file == "dashboard.css" ? "/dashboard.css" : "/dashboard/" + file;
}

std::string read(const std::filesystem::path& file) {
    std::ifstream stream{file, std::ios::binary};
    return {std::istreambuf_iterator<char>{stream}, {}};
}

TEST(DashboardRoutes, ServeEachFileOfTheFolderAsItIs) {
    running_server server;
    std::size_t count = 0;
    for (const auto& each : std::filesystem::directory_iterator{OUTREACHD_DASHBOARD}) {
        const std::string file = each.path().filename();
        const std::string answer = server.get(path_of(file));
        EXPECT_EQ(status_of(answer), 200U) << file << ": is it in the list that CMakeLists.txt has?";
        EXPECT_TRUE(body_of(answer) == read(each.path())) << file;
        ++count;
    }
    EXPECT_EQ(count, dashboard_files().size());
    EXPECT_GT(count, 10U);
}

TEST(DashboardRoutes, SayWhatEachFileIs) {
    running_server server;
    EXPECT_THAT(server.get("/"), HasSubstr("\r\nContent-Type: text/html; charset=utf-8\r\n"));
    EXPECT_THAT(server.get("/dashboard.css"), HasSubstr("\r\nContent-Type: text/css; charset=utf-8\r\n"));
    EXPECT_THAT(server.get("/dashboard/dashboard.js"),
                HasSubstr("\r\nContent-Type: text/javascript; charset=utf-8\r\n"));
    EXPECT_THAT(server.get("/dashboard/icon.svg"), HasSubstr("\r\nContent-Type: image/svg+xml\r\n"));
}

TEST(DashboardRoutes, LetThePageDoNoMoreThanItNeeds) {
    running_server server;
    for (const char* const target : {"/", "/?x=1", "/dashboard.css", "/dashboard/dashboard.js"}) {
        const std::string answer = server.get(target);
        EXPECT_EQ(status_of(answer), 200U) << target;
        for (const char* const header :
             {"\r\nContent-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; "
              "connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; "
              "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'\r\n",
              "\r\nX-Content-Type-Options: nosniff\r\n", "\r\nReferrer-Policy: no-referrer\r\n",
              "\r\nCache-Control: no-cache\r\n", "\r\nCross-Origin-Opener-Policy: same-origin\r\n",
              "\r\nCross-Origin-Resource-Policy: same-origin\r\n"})
            EXPECT_THAT(answer, HasSubstr(header)) << target;
        EXPECT_THAT(answer, Not(HasSubstr("no-store"))) << target;
    }
}

TEST(DashboardRoutes, AnswerHeadWithoutABody) {
    running_server server;
    const std::string whole = server.get("/");
    const std::string head = server.ask("HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n", false);
    EXPECT_EQ(head, whole.substr(0, whole.size() - body_of(whole).size()));
    EXPECT_THAT(head, HasSubstr("\r\nContent-Length: " + std::to_string(body_of(whole).size()) + "\r\n"));
}

TEST(DashboardRoutes, RefuseOtherMethods) {
    running_server server;
    for (const char* const target : {"/", "/dashboard.css", "/dashboard/dashboard.js"}) {
        for (const char* const method : {"POST", "PUT", "DELETE", "OPTIONS"}) {
            const std::string answer =
                server.ask(std::string{method} + " " + target + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
            EXPECT_EQ(status_of(answer), 405U) << method << target;
            EXPECT_THAT(answer, HasSubstr("\r\nAllow: GET, HEAD\r\n")) << method << target;
        }
    }
}

TEST(DashboardRoutes, HaveNothingElse) {
    running_server server;
    for (const char* const target :
         {"/index.html", "/dashboard", "/dashboard/", "/dashboard/none.js", "/dashboard/index.html",
          "/dashboard/dashboard.css", "/dashboard/../dashboard.css", "/dashboard/dashboard.js/",
          "/dashboard.css/", "/dashboard.js", "//", "/dashboard/%64ashboard.js", "/favicon.ico"})
        EXPECT_EQ(status_of(server.get(target)), 404U) << target;
}

TEST(DashboardRoutes, NeedNoToken) {
    running_server server{on_free_port("tok-en")};
    for (const char* const target : {"/", "/dashboard.css", "/dashboard/dashboard.js"})
        EXPECT_EQ(status_of(server.get(target)), 200U) << target;
    EXPECT_EQ(status_of(server.get("/api/status")), 401U);
}

TEST(DashboardRoutes, NeedAHostOfOurs) {
    running_server server;
    for (const char* const target :
         {"/", "/dashboard.css", "/dashboard/dashboard.js", "/dashboard/none.js"}) {
        const std::string answer =
            server.ask("GET " + std::string{target} + " HTTP/1.1\r\nHost: rebound.example.com\r\n\r\n");
        EXPECT_EQ(status_of(answer), 403U) << target;
    }
}

TEST(DashboardRoutes, LoadNothingFromElsewhereAndReadNoMarkup) {
    for (const dashboard_file& each : dashboard_files()) {
        std::string text{each.bytes};
        // The name of SVG's elements is no address that anything is loaded from.
        for (std::size_t at = 0; (at = text.find("http://www.w3.org/2000/svg", at)) != std::string::npos;)
            text.erase(at, 26);
        for (const char* const word :
             {"http:", "https:", "\"//", "@import", "innerHTML", "outerHTML", "insertAdjacentHTML",
              "document.write", "eval(", "new Function", "localStorage", "document.cookie"})
            EXPECT_THAT(text, Not(HasSubstr(word))) << each.name;
    }
}

} // namespace
} // namespace outreachd::admin
