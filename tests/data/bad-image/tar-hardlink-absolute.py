# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: unpack: oci:layout: layer @BLOB@: entry 'x': hard link to 'etc/passwd', which is not there
# absolute names are the image's, where it is not
image = Layout("layout", tar(("hard", "x", "/etc/passwd")), compression="plain").write()
words["BLOB"] = image.layers[-1]["digest"]
