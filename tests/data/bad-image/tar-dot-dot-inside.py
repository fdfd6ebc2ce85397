# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: unpack: oci:layout: layer @BLOB@: entry 'a/../../outside/secret': '..' in 'a/../../outside/secret'
image = Layout("layout", tar(("file", "a/../../outside/secret", "x")), compression="plain").write()
words["BLOB"] = image.layers[-1]["digest"]
