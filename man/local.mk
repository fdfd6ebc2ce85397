# SPDX-License-Identifier: Apache-2.0
# Manual pages: Markdown here, roff by go-md2man.

MAN_PAGES_MD = \
	man/carte-runtime.8.md \
	man/cartefile-to-oci.1.md

if HAVE_GO_MD2MAN
man8_MANS = man/carte-runtime.8
CLEANFILES += $(man8_MANS)
if HAVE_CONVERTER
man1_MANS = man/cartefile-to-oci.1
CLEANFILES += $(man1_MANS)
endif
endif
EXTRA_DIST += $(MAN_PAGES_MD)

SUFFIXES = .8.md .8 .1.md .1
.8.md.8:
	$(AM_V_GEN)$(MKDIR_P) $(@D) && $(GO_MD2MAN) -in $< -out $@
.1.md.1:
	$(AM_V_GEN)$(MKDIR_P) $(@D) && $(GO_MD2MAN) -in $< -out $@
