# SPDX-License-Identifier: Apache-2.0
PROGRAMS += asset
asset_SOURCES = asset/main.c asset/answers.c asset/catalog.c asset/conditions.c asset/store.c asset/upload.c
asset_STATIC_SOURCES = common/static/no_tls.c
asset_PACKAGES = libcrypto sqlite3 yajl
# Not by pkg-config, which adds GnuTLS to a static program: see common/static/no_tls.c.
asset_LIBS = -lmicrohttpd
asset_FILES = asset/Cartefile
