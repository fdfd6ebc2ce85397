# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: unpack: oci:layout/blobs/sha256/51bc2a6502741de296c2bf71465eddb4b4aef2de8326aa7f625673b6ae8ec8f0: is no regular file
# status: 1
good = tar(("dir", "etc"), ("file", "etc/hostname", "h\n"))
image = Layout("layout", good, compression="plain")
image.write()
path = image.blob_path(image.index["manifests"][0])
os.unlink(path)
os.mkfifo(path)
