# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: unpack: oci:layout: layer @BLOB@: entry 'x': '..' in '../outside/secret'
# CVE-2014-6407 of Docker: the link's target is a name, too
image = Layout("layout", tar(("hard", "x", "../outside/secret")), compression="plain").write()
words["BLOB"] = image.layers[-1]["digest"]
