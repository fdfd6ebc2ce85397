# SPDX-License-Identifier: Apache-2.0
PROGRAMS += map
map_SOURCES = $(addprefix map/,api.c doc.c journal.c listing.c live.c main.c message.c room.c saver.c store.c web.c world.c)
map_PACKAGES = libwebsockets libssl libcrypto yajl
map_LIBS = -lm
map_FILES = map/Cartefile
