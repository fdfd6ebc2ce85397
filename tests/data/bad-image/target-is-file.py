# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: unpack: out: Not a directory
# status: 1
good = tar(("dir", "etc"), ("file", "etc/hostname", "h\n"))
image = Layout("layout", good, compression="plain")
image.write()
open("out", "w").close()
