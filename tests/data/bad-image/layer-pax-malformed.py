# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: unpack: oci:layout: layer @BLOB@: tar: a pax header is malformed
# a length that is not that of its record: some readers would take the name, others not
data = bytearray(tar(("file", "a" * 200, "x")))
at = data.index(b" path=")
data[at - 3:at] = b"999"
image = Layout("layout", bytes(data), compression="plain").write()
words["BLOB"] = image.layers[0]["digest"]
