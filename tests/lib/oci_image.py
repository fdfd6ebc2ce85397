# SPDX-License-Identifier: Apache-2.0
"""Images for tests, made without the programs under test: tars, good and hostile, and layouts with whatever is wrong in them."""
import gzip
import hashlib
import io
import json
import os
import tarfile

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"
TYPES = {
    "file": tarfile.REGTYPE, "dir": tarfile.DIRTYPE, "link": tarfile.SYMTYPE, "hard": tarfile.LNKTYPE,
    "fifo": tarfile.FIFOTYPE, "char": tarfile.CHRTYPE, "block": tarfile.BLKTYPE,
}


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def tar(*entries):
    """Each entry: (type, name, content or target, {attribute: value}); attributes of TarInfo, and pax=dict."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as t:
        for entry in entries:
            kind, name, value, attributes = (list(entry) + [None, None])[:4]
            info = tarfile.TarInfo(name)
            info.type = TYPES[kind]
            info.mode = {"dir": 0o755, "link": 0o777}.get(kind, 0o644)
            info.mtime = 1000000000
            data = b""
            if kind == "file":
                data = value.encode() if isinstance(value, str) else value or b""
                info.size = len(data)
            elif kind in ("link", "hard"):
                info.linkname = value
            elif kind in ("char", "block"):
                info.devmajor, info.devminor = value
            for key, what in (attributes or {}).items():
                setattr(info, "pax_headers" if key == "pax" else key, what)
            t.addfile(info, io.BytesIO(data) if kind == "file" else None)
    return out.getvalue()


def compress(data, how):
    if how == "gzip":
        return gzip.compress(data, 1, mtime=0)
    if how == "zstd":
        import subprocess
        return subprocess.run(["zstd", "-qc", "-1"], input=data, stdout=subprocess.PIPE, check=True).stdout
    return data


class Layout:
    """An image layout of one image. Members may be changed until write() is called; what it writes is as wrong as they are."""

    def __init__(self, path, *tars, compression="gzip", ref="localhost/test:1"):
        self.path, self.ref, self.blobs = path, ref, {}
        self.layers, self.diff_ids = [], []
        for data in tars:
            self.add_layer(data, compression)
        self.config = {"architecture": "amd64", "os": "linux", "config": {"Cmd": ["/x"]},
                       "rootfs": {"type": "layers", "diff_ids": self.diff_ids}}
        self.manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": None, "layers": self.layers}
        self.index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": []}
        self.layout = {"imageLayoutVersion": "1.0.0"}

    def blob(self, data, media_type):
        if not isinstance(data, bytes):
            data = json.dumps(data).encode()
        self.blobs[digest(data)] = data
        return {"mediaType": media_type, "digest": digest(data), "size": len(data)}

    def add_layer(self, data, compression="gzip"):
        suffix = {"gzip": "+gzip", "zstd": "+zstd"}.get(compression, "")
        self.layers.append(self.blob(compress(data, compression), LAYER + suffix))
        self.diff_ids.append(digest(data))

    def finish(self):
        """Make the documents that are not there yet refer to each other."""
        if isinstance(self.manifest, dict) and self.manifest.get("config", 0) is None:
            self.manifest["config"] = self.blob(self.config, CONFIG)
        if isinstance(self.index, dict) and self.index.get("manifests") == []:
            descriptor = self.blob(self.manifest, MANIFEST)
            descriptor["annotations"] = {"org.opencontainers.image.ref.name": self.ref}
            self.index["manifests"].append(descriptor)
        return self

    def write(self):
        self.finish()
        os.makedirs(os.path.join(self.path, "blobs/sha256"), exist_ok=True)
        for name, text in (("oci-layout", self.layout), ("index.json", self.index)):
            if text is not None:
                with open(os.path.join(self.path, name), "wb") as f:
                    f.write(text if isinstance(text, bytes) else json.dumps(text).encode())
        for name, data in self.blobs.items():
            with open(os.path.join(self.path, "blobs/sha256", name.split(":")[1]), "wb") as f:
                f.write(data)
        return self

    def blob_path(self, descriptor):
        return os.path.join(self.path, "blobs/sha256", descriptor["digest"].split(":")[1])


def pack(folder, file):
    """A folder as a tar, as oci-archive has it."""
    with tarfile.open(file, "w") as t:
        for name in sorted(os.listdir(folder)):
            t.add(os.path.join(folder, name), name)
