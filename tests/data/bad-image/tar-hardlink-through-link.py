# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: unpack: oci:layout: layer @BLOB@: entry 'x': hard link to 'e/passwd', which is not there
# the host's /etc/passwd must not become a name in the image; in the image there is none
image = Layout("layout", tar(("link", "e", "/etc"), ("hard", "x", "e/passwd")), compression="plain").write()
words["BLOB"] = image.layers[-1]["digest"]
