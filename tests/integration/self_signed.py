"""A certificate for a test's server."""

import subprocess


def make(directory):
    """Leaves `cert.pem` and `key.pem` there, an ECDSA P-256 pair for a host `hooks`."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-days", "2", "-subj", "/CN=hooks", "-keyout", f"{directory}/key.pem", "-out",
                    f"{directory}/cert.pem"], check=True, capture_output=True)
