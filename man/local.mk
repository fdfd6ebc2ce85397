# SPDX-License-Identifier: Apache-2.0
# Manual pages: Markdown here, roff by go-md2man.

MAN5_PAGES_MD = \
	man/cartefile.5.md

MAN7_PAGES_MD = \
	man/cartefile-dockerfile.7.md

MAN8_PAGES_MD = \
	man/carte-runtime.8.md

if HAVE_GO_MD2MAN
if HAVE_CONVERTER
man5_MANS = $(MAN5_PAGES_MD:.5.md=.5)
man7_MANS = $(MAN7_PAGES_MD:.7.md=.7)
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
man8_MANS = $(MAN8_PAGES_MD:.8.md=.8)
CLEANFILES += $(man5_MANS) $(man7_MANS) $(man8_MANS)
endif
EXTRA_DIST += $(MAN5_PAGES_MD) $(MAN7_PAGES_MD) $(MAN8_PAGES_MD)

MD2MAN = $(AM_V_GEN)$(MKDIR_P) $(@D) && $(GO_MD2MAN) -in $< -out $@
SUFFIXES = .5.md .5 .7.md .7 .8.md .8
.5.md.5:
	$(MD2MAN)
.7.md.7:
	$(MD2MAN)
.8.md.8:
	$(MD2MAN)
SUFFIXES = .8.md .8 .1.md .1
.8.md.8:
	$(AM_V_GEN)$(MKDIR_P) $(@D) && $(GO_MD2MAN) -in $< -out $@
.1.md.1:
	$(AM_V_GEN)$(MKDIR_P) $(@D) && $(GO_MD2MAN) -in $< -out $@
