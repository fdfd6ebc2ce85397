# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: unpack: oci:layout: layer @BLOB@: entry 'x': owner 0:1099511627776 is not possible
image = Layout("layout", tar(("file", "x", "", {"gid": 1 << 40})), compression="plain").write()
words["BLOB"] = image.layers[-1]["digest"]
