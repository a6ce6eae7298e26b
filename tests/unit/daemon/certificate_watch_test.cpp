/// When the files of a certificate count as changed.
#include "daemon/certificate_watch.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include <unistd.h>

namespace outreachd {
namespace {

/// Two files in a directory of the test's own.
class CertificateWatch : public testing::Test {
protected:
    CertificateWatch() {
        std::string name = testing::TempDir() + "/certificate-watch-XXXXXX";
        EXPECT_NE(::mkdtemp(name.data()), nullptr);
        directory_ = name;
        write("certificate", "one");
        write("key", "one");
    }

    ~CertificateWatch() override { std::filesystem::remove_all(directory_); }

    std::string at(const std::string& name) const { return (directory_ / name).string(); }

    void write(const std::string& name, const std::string& text) const { std::ofstream(at(name)) << text; }

    settings::tls_files files() const { return {at("certificate"), at("key")}; }

private:
    std::filesystem::path directory_;
};

TEST_F(CertificateWatch, SeesEachChangeOnce) {
    certificate_watch watch{files()};
    EXPECT_FALSE(watch.has_changed());
    write("key", "longer");
    EXPECT_TRUE(watch.has_changed());
    EXPECT_FALSE(watch.has_changed());
    write("certificate", "another");
    EXPECT_TRUE(watch.has_changed());
    EXPECT_FALSE(watch.has_changed());
}

TEST_F(CertificateWatch, SeesAChangeAgainThatCouldntBeUsed) {
    certificate_watch watch{files()};
    write("key", "longer");
    EXPECT_TRUE(watch.has_changed());
    watch.forget();
    EXPECT_TRUE(watch.has_changed());
    EXPECT_FALSE(watch.has_changed());
}

TEST_F(CertificateWatch, SeesAFileOfTheSameSizeThatTookItsPlace) {
    certificate_watch watch{files()};
    write("new", "two");
    std::filesystem::last_write_time(at("new"), std::filesystem::last_write_time(at("certificate")));
    std::filesystem::rename(at("new"), at("certificate"));
    EXPECT_TRUE(watch.has_changed());
}

/// A key that the daemon couldn't read when it was written.
TEST_F(CertificateWatch, SeesAFileThatMayBeReadByOthersNow) {
    using std::filesystem::perms;
    certificate_watch watch{files()};
    // The time of the change is no finer than the kernel's clock.
    std::this_thread::sleep_for(std::chrono::milliseconds{20});
    std::filesystem::permissions(at("key"), perms::owner_read | perms::group_read);
    EXPECT_TRUE(watch.has_changed());
    EXPECT_FALSE(watch.has_changed());
}

TEST_F(CertificateWatch, SeesALinkThatPointsElsewhere) {
    write("old", "one");
    write("new", "one");
    std::filesystem::create_symlink("old", at("link"));
    certificate_watch watch{settings::tls_files{at("link"), at("key")}};
    std::filesystem::remove(at("link"));
    std::filesystem::create_symlink("new", at("link"));
    EXPECT_TRUE(watch.has_changed());
}

TEST_F(CertificateWatch, SeesAFileGoAndComeBack) {
    certificate_watch watch{files()};
    std::filesystem::remove(at("key"));
    EXPECT_TRUE(watch.has_changed());
    EXPECT_FALSE(watch.has_changed());
    write("key", "one");
    EXPECT_TRUE(watch.has_changed());
}

/// A reload that failed has not taken up what was renewed just before it.
TEST_F(CertificateWatch, StillSeesAfterAReloadWhatChangedBeforeIt) {
    certificate_watch watch{files()};
    write("certificate", "renewed");
    watch.watch(files());
    EXPECT_TRUE(watch.has_changed());
    EXPECT_FALSE(watch.has_changed());
}

TEST_F(CertificateWatch, TakesOtherFilesForChanged) {
    certificate_watch watch{files()};
    write("other", "one");
    watch.watch(settings::tls_files{at("other"), at("key")});
    EXPECT_TRUE(watch.has_changed());
    EXPECT_FALSE(watch.has_changed());
}

TEST_F(CertificateWatch, HasNothingToSeeWithoutTls) {
    certificate_watch watch{std::nullopt};
    EXPECT_FALSE(watch.has_changed());
    watch.watch(std::nullopt);
    EXPECT_FALSE(watch.has_changed());
}

} // namespace
} // namespace outreachd
