# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: unpack: oci-archive:image.tar: blobs/sha256/@NAME@: its digest is @HAVE@
# args: unpack oci-archive:image.tar out
good = tar(("dir", "etc"), ("file", "etc/hostname", "h\n"))
image = Layout("layout", good, compression="plain")
image.write()
path = image.blob_path(image.manifest["config"])
with open(path, "r+b") as f:
    f.write(b"[")
with open(path, "rb") as f:
    words["HAVE"] = digest(f.read())
words["NAME"] = os.path.basename(path)
pack("layout", "image.tar")
