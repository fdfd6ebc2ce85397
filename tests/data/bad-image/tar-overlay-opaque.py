# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: unpack: oci:layout: layer @BLOB@: entry 'd/': the extended attribute user.overlay.opaque is overlayfs's own
image = Layout("layout", tar(("dir", "d", None, {"pax": {"SCHILY.xattr.user.overlay.opaque": "y"}})), compression="plain").write()
words["BLOB"] = image.layers[-1]["digest"]
