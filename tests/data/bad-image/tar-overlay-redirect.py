# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: unpack: oci:layout: layer @BLOB@: entry 'd/': the extended attribute trusted.overlay.redirect is overlayfs's own
# below an overlay mount it would show other folders
image = Layout("layout", tar(("dir", "d", None, {"pax": {"SCHILY.xattr.trusted.overlay.redirect": "/etc"}})), compression="plain").write()
words["BLOB"] = image.layers[-1]["digest"]
