# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: unpack: oci:layout/blobs/sha256/80789c6add18c2ce2c78ac5c30ff5a1bd617c4eefdb979e1bf0b0712f877d810:1:1: invalid JSON: unexpected character
good = tar(("dir", "etc"), ("file", "etc/hostname", "h\n"))
image = Layout("layout", good, compression="plain")
image.manifest = b"schemaVersion: 2"
image.write()
