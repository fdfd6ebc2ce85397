# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: unpack: docker-archive:image.tar: manifest.json names l.tar, which is not there
# args: unpack docker-archive:image.tar out
import json


def archive(manifest, *members):
    with open("image.tar", "wb") as f:
        f.write(tar(("file", "manifest.json", manifest if isinstance(manifest, str) else json.dumps(manifest)), *members))


layer = tar(("file", "x", "1"))
config = json.dumps({"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": [digest(layer)]}})
archive([{"Config": "c.json", "Layers": ["l.tar"]}], ("file", "c.json", config), ("link", "l.tar", "l.tar"))
