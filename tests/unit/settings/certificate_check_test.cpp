#include "daemon/settings/certificate_check.hpp"
#include "tests/unit/settings/files_under_test.hpp"

#include <gmock/gmock.h>

#include <sys/stat.h>

namespace outreachd::settings::test {

namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;

class CertificateCheck : public testing::Test {
protected:
    certificate_findings check(const std::string& chain, const std::string& key) const {
        return check_certificate({folder.write("fullchain.pem", chain), folder.write("privkey.pem", key)});
    }

    temporary_folder folder;
};

TEST_F(CertificateCheck, TakesAPairThatBelongsTogether) {
    const certificate made = make_certificate();
    const certificate issuer = make_certificate();
    for (const std::string& chain : {made.pem, made.pem + issuer.pem,
                                     "Subject: localhost\n" + made.pem + "\n\n", made.key_pem + made.pem}) {
        const certificate_findings found = check(chain, made.key_pem);
        EXPECT_THAT(found.certificate_errors, IsEmpty());
        EXPECT_THAT(found.certificate_warnings, IsEmpty());
        EXPECT_THAT(found.key_errors, IsEmpty());
        EXPECT_THAT(found.key_warnings, IsEmpty());
    }
}

TEST_F(CertificateCheck, RefusesTheKeyOfAnotherCertificate) {
    const certificate_findings found = check(make_certificate().pem, make_certificate().key_pem);
    EXPECT_THAT(found.certificate_errors, IsEmpty());
    EXPECT_THAT(found.key_errors, ElementsAre(HasSubstr("is not the key of")));
}

TEST_F(CertificateCheck, RefusesTheChainInTheWrongOrder) {
    const certificate made = make_certificate();
    EXPECT_THAT(check(make_certificate().pem + made.pem, made.key_pem).key_errors,
                ElementsAre(HasSubstr("is not the key of")));
}

TEST_F(CertificateCheck, RefusesWhatIsNoPem) {
    const certificate made = make_certificate();
    std::string broken = made.pem;
    broken[broken.size() / 2] = '!';
    const certificate_findings empty = check("", "");
    EXPECT_THAT(empty.certificate_errors, ElementsAre(EndsWith("holds no certificate in PEM form")));
    EXPECT_THAT(empty.key_errors, ElementsAre(EndsWith("holds no private key in PEM form")));
    EXPECT_THAT(check(broken, made.key_pem).certificate_errors,
                ElementsAre(HasSubstr("holds no certificate in PEM form: ")));
    EXPECT_THAT(check(made.pem + broken, made.key_pem).certificate_errors,
                ElementsAre(HasSubstr("holds a broken certificate after the first: ")));
    EXPECT_THAT(check(made.pem.substr(0, made.pem.size() / 2), made.key_pem).certificate_errors.size(), 1U);
    EXPECT_THAT(check(made.key_pem, made.pem).certificate_errors.size(), 1U);
}

TEST_F(CertificateCheck, RefusesAKeyWithAPassphraseWithoutAskingForIt) {
    const certificate made = make_certificate();
    EXPECT_THAT(check(made.pem, with_passphrase(made)).key_errors,
                ElementsAre(HasSubstr("has a passphrase")));
}

TEST_F(CertificateCheck, RefusesWhatIsTooWeak) {
    const certificate weak = make_certificate(validity::now, true);
    EXPECT_THAT(check(weak.pem, weak.key_pem).certificate_errors, ElementsAre(HasSubstr("can't be used: ")));
    const certificate made = make_certificate();
    EXPECT_THAT(check(made.pem + weak.pem, made.key_pem).certificate_errors,
                ElementsAre(HasSubstr("holds a certificate after the first that can't be used: ")));
    EXPECT_THAT(check(made.pem + make_certificate().pem, made.key_pem).certificate_errors, IsEmpty());
}

TEST_F(CertificateCheck, WarnsOfDates) {
    const certificate over = make_certificate(validity::over);
    const certificate_findings expired = check(over.pem, over.key_pem);
    EXPECT_THAT(expired.certificate_errors, IsEmpty());
    EXPECT_THAT(expired.certificate_warnings, ElementsAre(HasSubstr(" expired on ")));
    const certificate to_come = make_certificate(validity::to_come);
    EXPECT_THAT(check(to_come.pem, to_come.key_pem).certificate_warnings,
                ElementsAre(HasSubstr(" is valid from ")));
}

TEST_F(CertificateCheck, WarnsOfAKeyThatOthersCanRead) {
    const certificate made = make_certificate();
    const tls_files files{folder.write("c", made.pem), folder.write("k", made.key_pem)};
    ::chmod(files.private_key.c_str(), 0644);
    EXPECT_THAT(check_certificate(files).key_warnings, ElementsAre(HasSubstr("every user of this machine")));
}

TEST_F(CertificateCheck, SaysWhyAFileCannotBeRead) {
    const certificate_findings found = check_certificate({folder.path("missing"), folder.path("")});
    EXPECT_THAT(found.certificate_errors, ElementsAre(EndsWith("missing': No such file or directory")));
    EXPECT_THAT(found.key_errors, ElementsAre(EndsWith(": it is a directory")));
}

} // namespace

} // namespace outreachd::settings::test
