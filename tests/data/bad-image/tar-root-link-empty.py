# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: unpack: oci:layout: layer @BLOB@: entry '/': the root of an image can only be a folder
image = Layout("layout", tar(("link", "/", "../outside")), compression="plain").write()
words["BLOB"] = image.layers[-1]["digest"]
