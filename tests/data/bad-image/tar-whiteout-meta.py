# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: unpack: oci:layout: layer @BLOB@: entry '.wh..wh.orph': a whiteout mark that is not known
image = Layout("layout", tar(("file", ".wh..wh.orph", "")), compression="plain").write()
words["BLOB"] = image.layers[-1]["digest"]
