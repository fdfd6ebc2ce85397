# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: unpack: docker-archive:image.tar: image sha256:f7a04f5cf73395ef96412ecad97a81464a245f52d1f917d8aa1cfef05e7d20b4: 0 layers in the manifest, 1 in the config's rootfs
# status: 1
# args: unpack docker-archive:image.tar out
import json


def archive(manifest, *members):
    with open("image.tar", "wb") as f:
        f.write(tar(("file", "manifest.json", manifest if isinstance(manifest, str) else json.dumps(manifest)), *members))


layer = tar(("file", "x", "1"))
config = json.dumps({"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": [digest(layer)]}})
archive([{"Config": "c.json", "Layers": []}], ("file", "c.json", config))
