# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: unpack: oci-archive:image.tar: has no index.json
# args: unpack oci-archive:image.tar out
good = tar(("dir", "etc"), ("file", "etc/hostname", "h\n"))
image = Layout("layout", good, compression="plain")
image.write()
os.rename("layout/index.json", "outside/index.json")
os.symlink(os.getcwd() + "/outside/index.json", "layout/index.json")
pack("layout", "image.tar")
