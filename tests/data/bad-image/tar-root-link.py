# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: unpack: oci:layout: layer @BLOB@: entry './': the root of an image can only be a folder
# CVE-2021-29136 of umoci: the root itself becomes a link
image = Layout("layout", tar(("link", "./", "/")), compression="plain").write()
words["BLOB"] = image.layers[-1]["digest"]
