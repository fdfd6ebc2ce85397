# SPDX-License-Identifier: Apache-2.0
# Manual pages: Markdown here, roff by go-md2man.

MAN_PAGES_MD = \
	man/carte-runtime.8.md

if HAVE_GO_MD2MAN
man8_MANS = $(MAN_PAGES_MD:.8.md=.8)
CLEANFILES += $(man8_MANS)
endif
EXTRA_DIST += $(MAN_PAGES_MD)

SUFFIXES = .8.md .8
.8.md.8:
	$(AM_V_GEN)$(MKDIR_P) $(@D) && $(GO_MD2MAN) -in $< -out $@

# slimming
EXTRA_DIST += man/cartefile-slim.7.md
