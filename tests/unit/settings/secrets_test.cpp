#include "daemon/settings/secrets.hpp"
#include "tests/unit/settings/files_under_test.hpp"

#include <gmock/gmock.h>

#include <sys/stat.h>

namespace outreachd::settings::test {

namespace {

using testing::ElementsAre;
using testing::IsEmpty;

loaded load_with_secret(const std::string& secret) {
    return parse_settings("listen: {address: 127.0.0.1, tls: off}\n"
                          "routes: [{match: a, to: [b]}]\n"
                          "handlers: {b: {type: log}}\n"
                          "endpoints:\n"
                          "  - path: /w\n"
                          "    secrets: [" +
                          secret + "]\n");
}

std::string first_secret(const loaded& from) {
    if (from.settings.endpoints.size() != 1 || from.settings.endpoints[0].secrets.size() != 1)
        return "none";
    return std::string{from.settings.endpoints[0].secrets[0].reveal()};
}

TEST(Secrets, ComeFromVariablesFilesAndCredentials) {
    const temporary_folder folder;
    const variable environment{"OUTREACHD_TEST_SECRET", "from the environment"};
    const variable credentials{"CREDENTIALS_DIRECTORY", folder.path("")};
    folder.write("webhook", "from systemd\n");
    const std::string file = folder.write("secret", "from a file");

    const struct {
        std::string written;
        const char* read;
    } cases[] = {
        {"{env: OUTREACHD_TEST_SECRET}", "from the environment"},
        {"\"${OUTREACHD_TEST_SECRET}\"", "from the environment"},
        {"{file: " + file + "}", "from a file"},
        {"{credential: webhook}", "from systemd"},
    };

    for (const auto& [written, read] : cases) {
        const loaded result = load_with_secret(written);
        EXPECT_THAT(lines_of(result.errors), IsEmpty()) << written;
        EXPECT_THAT(lines_of(result.warnings), IsEmpty()) << written;
        EXPECT_EQ(first_secret(result), read) << written;
    }
}

TEST(Secrets, OfAFileLoseOneNewline) {
    const temporary_folder folder;

    const struct {
        const char* label;
        std::string text;
        std::string read;
    } cases[] = {
        {"none", "abc", "abc"},
        {"one", "abc\n", "abc"},
        {"of Windows", "abc\r\n", "abc"},
        {"two", "abc\n\n", "abc\n"},
        {"only its first half", "abc\r", "abc\r"},
        {"in it", "a\nbc", "a\nbc"},
        {"in front", "\nabc", "\nabc"},
        {"a zero byte", std::string{"a\0c\n", 4}, std::string{"a\0c", 3}},
        {"not UTF-8", "\xFF\xFE\n", "\xFF\xFE"},
    };

    for (const auto& [label, text, read] : cases) {
        const std::string path = folder.write("secret", text);
        EXPECT_EQ(first_secret(load_with_secret("{file: " + path + "}")), read) << label;
    }
}

TEST(Secrets, ThatAreEmptyAreErrorsOfTheFile) {
    const temporary_folder folder;
    const variable environment{"OUTREACHD_TEST_SECRET", ""};
    const std::string file = folder.write("secret", "\n");
    for (const std::string& written : {std::string{"\"\""}, std::string{"{env: OUTREACHD_TEST_SECRET}"},
                                       "{file: " + file + "}", std::string{"\"${OUTREACHD_TEST_SECRET}\""}}) {
        const loaded result = load_with_secret(written);
        ASSERT_EQ(result.errors.size(), 1U) << written;
        EXPECT_THAT(result.errors[0].message, testing::EndsWith("is empty")) << written;
        EXPECT_FALSE(result.errors[0].is_unreadable_secret) << written;
    }
}

/// The secret itself where its variable's name belongs is an easy slip, and errors travel far.
TEST(Secrets, AreNotRepeatedWherePutForAName) {
    const temporary_folder folder;

    const struct {
        const char* written;
        const char* said;
    } cases[] = {
        {"{env: \"s3cr3t/with+signs==\"}", "no name of an environment variable"},
        {"{\"s3cr3t/with+signs==\"}", "6:16: endpoints[0].secrets[0]: unknown key; known are env, file, "},
        {"{s3cr3t: a, s3cr3t: b}", "a key is given twice"},
        {"{file: s3cr3t/with+signs==}", "can't read the file of that name: No such file or directory"},
        {"{credential: s3cr3t}", "can't read the credential of that name in '"},
        {"{credential: s3cr3t/with+signs==}", "a credential's name holds no '/'"},
    };

    for (const bool is_service : {true, false}) {
        const variable credentials{"CREDENTIALS_DIRECTORY", is_service ? folder.path("") : ""};
        for (const auto& [written, said] : cases) {
            const auto lines = lines_of(load_with_secret(written).errors);
            EXPECT_THAT(lines, testing::Each(testing::Not(testing::HasSubstr("s3cr3t")))) << written;
            if (is_service)
                EXPECT_THAT(lines, testing::Contains(testing::HasSubstr(said))) << written;
            else
                EXPECT_FALSE(lines.empty()) << written;
        }
    }
    // What is a path is told: nobody would find the mistake else.
    EXPECT_THAT(lines_of(load_with_secret("{file: ./no-such-file}").errors),
                ElementsAre(testing::HasSubstr("can't read './no-such-file': ")));
}

TEST(Secrets, ThatOnlyTheServiceCanReadAreMarked) {
    const temporary_folder folder;
    for (const std::string& written :
         {std::string{"{env: OUTREACHD_TEST_NOT_SET}"}, std::string{"{credential: webhook}"},
          "{file: " + folder.path("missing") + "}", "{file: " + folder.path("") + "}",
          std::string{"{file: /dev/null}"}}) {
        const loaded result = load_with_secret(written);
        ASSERT_EQ(result.errors.size(), 1U) << written;
        EXPECT_TRUE(result.errors[0].is_unreadable_secret) << written;
        // The rest can be used.
        ASSERT_EQ(result.settings.endpoints.size(), 1U) << written;
        EXPECT_EQ(result.settings.endpoints[0].path, "/w") << written;
    }
}

TEST(Secrets, AreBounded) {
    const temporary_folder folder;
    const std::string most = folder.write("most", std::string(secret_bytes_max, 'x'));
    const std::string more = folder.write("more", std::string(secret_bytes_max + 1, 'x'));
    EXPECT_EQ(first_secret(load_with_secret("{file: " + most + "}")).size(), secret_bytes_max);
    EXPECT_THAT(lines_of(load_with_secret("{file: " + more + "}").errors),
                ElementsAre(testing::EndsWith("it is over 65536 bytes")));
}

TEST(Secrets, AreBoundedInNumber) {
    const variable environment{"OUTREACHD_TEST_SECRET", "x"};
    std::string most = "{env: OUTREACHD_TEST_SECRET}";
    for (int count = 1; count < 64; ++count)
        most += ", {env: OUTREACHD_TEST_SECRET}";
    EXPECT_THAT(lines_of(load_with_secret(most).errors), IsEmpty());
    EXPECT_THAT(lines_of(load_with_secret(most + ", {env: OUTREACHD_TEST_SECRET}").errors),
                ElementsAre(testing::EndsWith("endpoints[0].secrets: more than 64 secrets")));
}

TEST(Secrets, ThatOthersCanReadAreWarnedOf) {
    const temporary_folder folder;
    const std::string path = folder.write("secret", "abc");

    const struct {
        mode_t mode;
        bool is_warned_of;
    } cases[] = {{0600, false}, {0640, false}, {0660, false}, {0644, true}, {0602, true}, {0601, false}};

    for (const auto& [mode, is_warned_of] : cases) {
        ASSERT_EQ(::chmod(path.c_str(), mode), 0);
        EXPECT_EQ(!load_with_secret("{file: " + path + "}").warnings.empty(), is_warned_of)
            << std::oct << mode;
    }
}

TEST(Secrets, InTheFileAndWithWhiteSpaceAroundAreWarnedOf) {
    EXPECT_THAT(
        lines_of(load_with_secret("hunter2").warnings),
        ElementsAre("6:15: endpoints[0].secrets[0]: a secret stands in the file itself; {file: PATH} or "
                    "{credential: NAME} keeps it out"));
    const variable environment{"OUTREACHD_TEST_SECRET", "hunter2 "};
    EXPECT_THAT(
        lines_of(load_with_secret("{env: OUTREACHD_TEST_SECRET}").warnings),
        ElementsAre(
            "6:21: endpoints[0].secrets[0].env: the environment variable 'OUTREACHD_TEST_SECRET' begins "
            "or ends with white space, which counts as part of it"));
}

TEST(Secrets, AreNeverInAMessage) {
    const temporary_folder folder;
    const variable environment{"OUTREACHD_TEST_SECRET", " hunter2 "};
    const std::string file = folder.write("secret", " hunter2\n\n");
    ::chmod(file.c_str(), 0644);
    for (const std::string& written :
         {std::string{"hunter2"}, std::string{"' hunter2 '"}, std::string{"\"hunter2\\0\""},
          std::string{"'hunter2${'"}, std::string{"'hunter2${hunter2 x}'"}, std::string{"'${{ hunter2'"},
          std::string{"'${{ hunter2 }}'"}, std::string{"[hunter2]"},
          std::string{"{env: OUTREACHD_TEST_SECRET}"}, "{file: " + file + "}"}) {
        const loaded result = load_with_secret(written);
        for (const auto& problems : {result.errors, result.warnings})
            for (const std::string& line : lines_of(problems))
                EXPECT_EQ(line.find("hunter2"), std::string::npos) << line;
    }
}

} // namespace

} // namespace outreachd::settings::test
