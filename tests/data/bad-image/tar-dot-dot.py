# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: unpack: oci:layout: layer @BLOB@: entry '../outside/secret': '..' in '../outside/secret'
# CVE-2001-1267 of tar, and many since
image = Layout("layout", tar(("file", "../outside/secret", "x")), compression="plain").write()
words["BLOB"] = image.layers[-1]["digest"]
