# SPDX-License-Identifier: Apache-2.0
PROGRAMS += game
game_SOURCES = $(addprefix game/,bus.c bus_batch.c bus_wire.c connections.c game.c main.c message.c outbox.c packet.c play.c \
	session.c ticker.c udp.c udp_session.c wire.c world.c) map/web.c
game_PACKAGES = libwebsockets libssl libcrypto yajl
game_LIBS = -lm
game_FILES = game/Cartefile
